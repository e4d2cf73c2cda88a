//! Sums that rounding does not wear away.

/// A running sum with Neumaier's compensation: what each addition rounds off is kept aside and added at the end, so that ten
/// times 0.1 is 1. `npm/nodes/src/data/sum.ts` does the same operations in the same order, for the same bits.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    total: f64,
    rounded_off: f64,
}

impl Sum {
    /// Adds a finite number.
    #[inline]
    pub(crate) fn add(&mut self, number: f64) {
        let total = self.total + number;
        self.rounded_off += if self.total.abs() >= number.abs() {
            (self.total - total) + number
        } else {
            (number - total) + self.total
        };
        self.total = total;
    }

    /// The sum; infinite once an addition has passed the largest number, whatever was added afterwards.
    pub(crate) fn value(self) -> f64 {
        // Beyond the largest number what was rounded off is not a number.
        if self.total.is_finite() { self.total + self.rounded_off } else { self.total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(numbers: &[f64]) -> f64 {
        let mut sum = Sum::default();
        numbers.iter().for_each(|&number| sum.add(number));
        sum.value()
    }

    #[test]
    fn what_is_rounded_off_comes_back() {
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(&[]), 0.0);
    }

    #[test]
    fn beyond_the_largest_number_is_infinity() {
        assert_eq!(sum(&[1e308, 1e308, -1e308]), f64::INFINITY);
        assert_eq!(sum(&[-1e308, -1e308, 1.0]), f64::NEG_INFINITY);
    }
}
