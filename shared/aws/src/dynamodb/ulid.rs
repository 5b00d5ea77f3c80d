//! Sort keys that sort by time.

use jiff::Timestamp;

/// Crockford's base 32: no I, L, O, U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A ULID: 48 bits of milliseconds, then 80 bits of the writer's mark, as 26 digits that sort as
/// the time does ([specification](https://github.com/ulid/spec)).
pub(crate) fn ulid(at: Timestamp, nonce: u128) -> String {
    let milliseconds = u128::try_from(at.as_millisecond()).unwrap_or(0) & ((1 << 48) - 1);
    let number = (milliseconds << 80) | (nonce & ((1 << 80) - 1));
    (0..26u32)
        .rev()
        .map(|digit| {
            let index = (number >> (5 * digit)) & 31;
            char::from(DIGITS[usize::try_from(index).unwrap_or(0)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_one_of_the_specification() {
        let at = Timestamp::from_millisecond(1_469_918_176_385).unwrap();
        assert_eq!(ulid(at, 0), "01ARYZ6S410000000000000000");
        assert_eq!(ulid(at, u128::MAX), "01ARYZ6S41ZZZZZZZZZZZZZZZZ");
    }

    #[test]
    fn it_sorts_by_time() {
        let at = |ms| ulid(Timestamp::from_millisecond(ms).unwrap(), u128::MAX - u128::try_from(ms).unwrap());
        assert!(at(1_000) < at(1_001) && at(1_001) < at(1_700_000_000_000));
    }
}
