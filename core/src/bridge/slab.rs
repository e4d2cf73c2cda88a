//! Values by handle. A handle carries the generation of its place, so that an old one finds nothing.

/// Bits of a handle that name the place; the rest is the generation.
const PLACE_BITS: u32 = 20;
const PLACES: u32 = 1 << PLACE_BITS;
const GENERATIONS: u32 = 1 << (32 - PLACE_BITS);

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    value: Option<T>,
}

#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// The handle, never 0; or 0 when a million values are held already.
    pub(super) fn insert(&mut self, value: T) -> u32 {
        let place = match self.free.pop() {
            Some(place) => place,
            None if self.places.len() as u32 == PLACES => return 0,
            None => {
                self.places.push(Place { generation: 1, value: None });
                self.places.len() as u32 - 1
            }
        };
        let found = &mut self.places[place as usize];
        found.value = Some(value);
        found.generation << PLACE_BITS | place
    }

    pub(super) fn get(&self, handle: u32) -> Option<&T> {
        let place = self.places.get((handle & (PLACES - 1)) as usize)?;
        place.value.as_ref().filter(|_| place.generation == handle >> PLACE_BITS)
    }

    pub(super) fn get_mut(&mut self, handle: u32) -> Option<&mut T> {
        let place = self.places.get_mut((handle & (PLACES - 1)) as usize)?;
        place.value.as_mut().filter(|_| place.generation == handle >> PLACE_BITS)
    }

    pub(super) fn remove(&mut self, handle: u32) -> Option<T> {
        let number = handle & (PLACES - 1);
        let place = self.places.get_mut(number as usize)?;
        if place.generation != handle >> PLACE_BITS {
            return None;
        }
        let value = place.value.take()?;
        // Generation 0 is left out, so that no handle is 0.
        place.generation = (place.generation + 1) % GENERATIONS;
        if place.generation == 0 {
            place.generation = 1;
        }
        self.free.push(number);
        Some(value)
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_handle_finds_nothing_in_a_place_that_is_used_again() {
        let mut slab = Slab::default();
        let old = slab.insert("first");
        assert_eq!(slab.remove(old), Some("first"));
        let new = slab.insert("second");
        assert_eq!((slab.get(old), slab.get(new)), (None, Some(&"second")));
        assert_eq!(slab.remove(old), None);
        assert_eq!(slab.len(), 1);
    }

    #[test]
    fn a_handle_that_was_never_given_out_finds_nothing() {
        let mut slab = Slab::default();
        assert!(slab.get(0).is_none() && slab.get_mut(u32::MAX).is_none() && slab.remove(7).is_none());
        assert_ne!(slab.insert(()), 0);
    }
}
