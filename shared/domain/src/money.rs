//! US dollars, in whole cents.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::text::Malformed;

/// An amount of US dollars in whole cents. A total may be negative: credits are taken off it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    /// More than AWS ever charged anybody, and less than what rounds in a number of JSON: 10^13 dollars.
    const MOST: f64 = 1e13;

    /// An amount in dollars, rounded to the cent; `None` where that is no amount.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<Cents> {
        #[expect(clippy::cast_possible_truncation, reason = "bounded a moment before")]
        (dollars.abs() <= Cents::MOST).then(|| Cents((dollars * 100.0).round() as i64))
    }

    /// The amount in dollars.
    #[must_use]
    pub fn dollars(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "amounts stay far below 2^53 cents")]
        let cents = self.0 as f64;
        cents / 100.0
    }

    /// The amount as a number of JSON, in dollars: `20`, or `20.5`.
    #[must_use]
    pub fn number(self) -> Number {
        let fraction = Number::from_f64(self.dollars());
        if self.0 % 100 == 0 { (self.0 / 100).into() } else { fraction.unwrap_or_else(|| 0.into()) }
    }
}

impl fmt::Display for Cents {
    /// As people read it: `$10.00`, `$1,234.56`, `-$3.20`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, cents) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let digits = (cents / 100).to_string();
        let grouped: Vec<&str> =
            digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap_or("")).collect();
        write!(f, "{sign}${}.{:02}", grouped.join(","), cents % 100)
    }
}

impl FromStr for Cents {
    type Err = Malformed;

    /// As AWS writes it in a mail: `$1,234.56`, `$40`, `-$3.2`.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let wrong = || Malformed("an amount is written like $1,234.56, in US dollars and whole cents".to_owned());
        let text = text.trim();
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let text = text.strip_prefix('$').ok_or_else(wrong)?.trim_start();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let in_groups = whole.split(',').skip(1).all(|group| group.len() == 3) && !whole.starts_with(',');
        let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        let whole = whole.replace(',', "");
        let sound = in_groups && !whole.is_empty() && whole.len() <= 13 && (1..=2).contains(&fraction.len());
        if !(sound && digits(&whole) && digits(fraction)) {
            return Err(wrong());
        }
        let cents: i64 = format!("{whole}{fraction:0<2}").parse().map_err(|_| wrong())?;
        Ok(Cents(if negative { -cents } else { cents }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_read_them() {
        for (cents, text) in [
            (0, "$0.00"),
            (5, "$0.05"),
            (1_000, "$10.00"),
            (123_456, "$1,234.56"),
            (100_000_000, "$1,000,000.00"),
            (-320, "-$3.20"),
        ] {
            assert_eq!(Cents(cents).to_string(), text);
            assert_eq!(text.parse::<Cents>().unwrap(), Cents(cents));
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in
            ["", "$", "10", "$1,23.00", "$,100", "$1.234", "$1.", "$-1", "€1", "$1e3", "$12345678901234", "$1 000"]
        {
            assert!(text.parse::<Cents>().is_err(), "{text:?}");
        }
        assert_eq!(Cents::from_dollars(f64::NAN), None);
        assert_eq!(Cents::from_dollars(1e14), None);
    }

    #[test]
    fn a_reading_is_rounded_to_the_cent() {
        assert_eq!(Cents::from_dollars(19.999), Some(Cents(2_000)));
        assert_eq!(Cents::from_dollars(0.1 + 0.2), Some(Cents(30)));
        assert_eq!(Cents(2_000).number().to_string(), "20");
        assert_eq!(Cents(2_050).number().to_string(), "20.5");
    }
}
