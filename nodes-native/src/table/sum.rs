//! Sums that rounding does not wear away.

use super::digits::FIRST_UNSAFE;

/// How many of the last place make up 1, at the most; numbers with more decimals are added as they are.
const LAST_PLACE: f64 = 1e15;
/// A number of last places up to which what is rounded off is less than half of one: that numbers are not quite the decimals that
/// they are written as, what adding leaves and the product are each at most 2⁻⁵³ of it, together a third of a place.
const MOST_PLACES: f64 = 1e15;

/// The sum of decimals, as people add them: 0.1 and 0.2 are 0.3. Neumaier's compensation keeps aside what each addition rounds off,
/// and the result is rounded to the places that the numbers have, where all have few enough for that to be exact; others are added
/// as they are. `npm/nodes/src/data/sum.ts` does the same operations in the same order, for the same bits.
#[derive(Clone, Copy)]
pub(crate) struct Sum {
    total: f64,
    rounded_off: f64,
    /// Of all numbers without their signs: bounds what may have been rounded off.
    size: f64,
    /// How many of the last place of all numbers so far make up 1; more than `LAST_PLACE` where one has no last place.
    places: f64,
}

impl Default for Sum {
    fn default() -> Self {
        Self { total: 0.0, rounded_off: 0.0, size: 0.0, places: 1.0 }
    }
}

impl Sum {
    /// Adds a finite number.
    #[inline]
    pub(crate) fn add(&mut self, number: f64) {
        if !(number.abs() < FIRST_UNSAFE && number as i64 as f64 == number) {
            self.find_places(number);
        }
        let total = self.total + number;
        self.rounded_off += if self.total.abs() >= number.abs() {
            (self.total - total) + number
        } else {
            (number - total) + self.total
        };
        self.total = total;
        self.size += number.abs();
    }

    fn find_places(&mut self, number: f64) {
        while self.places <= LAST_PLACE && (number * self.places).round() / self.places != number {
            self.places *= 10.0;
        }
    }

    /// The sum; infinite once an addition has passed the largest number, whatever was added afterwards.
    pub(crate) fn value(self) -> f64 {
        self.mean(1)
    }

    /// The sum divided by a count of numbers.
    pub(crate) fn mean(self, count: u64) -> f64 {
        let count = count as f64;
        // Beyond the largest number what was rounded off is not a number.
        if !self.total.is_finite() {
            return self.total / count;
        }
        let sum = self.total + self.rounded_off;
        let has_places =
            self.places > 1.0 && self.places <= LAST_PLACE && self.size * self.places < MOST_PLACES;
        // Nothing that is left of decimals is 0 and not -0.
        if has_places { (sum * self.places).round() / (self.places * count) + 0.0 } else { sum / count }
    }

    /// The sum before it is rounded to the places of its numbers.
    pub(crate) fn total(self) -> f64 {
        self.total + self.rounded_off
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
    fn decimals_are_added_as_people_do() {
        assert_eq!(sum(&[0.1, 0.2]), 0.3);
        assert_eq!(sum(&[19.99, 5.01, -24.9]), 0.1);
        assert_eq!(sum(&[1e-7, 2e-7]), 3e-7);
        // Numbers without a last place are added as they are.
        assert_eq!(sum(&[1.0 / 3.0, 1.0 / 3.0]), 2.0 / 3.0);
        // So are those that together have more places than a number keeps.
        assert_eq!(sum(&[1e12, 0.0001]), 1e12 + 0.0001);
        let mut three = Sum::default();
        [0.1, 0.2, 0.3].iter().for_each(|&number| three.add(number));
        assert_eq!(three.mean(3), 0.2);
        assert!(sum(&[-0.1, -0.2, 0.3]).is_sign_positive());
    }

    #[test]
    fn beyond_the_largest_number_is_infinity() {
        assert_eq!(sum(&[1e308, 1e308, -1e308]), f64::INFINITY);
        assert_eq!(sum(&[-1e308, -1e308, 1.0]), f64::NEG_INFINITY);
    }
}
