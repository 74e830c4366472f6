//! Values of the options of `annotd simulate`: numbers for all or one, names with a day, shares.

use std::str::FromStr;

/// A number for all annotators or for one: `20` or `li=40`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setpoint {
    pub(super) name: Option<String>,
    pub(super) number: f64,
}

impl FromStr for Setpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = match text.split_once('=') {
            Some((name, number)) => (Some(name.trim().to_owned()), number),
            None => (None, text),
        };
        match number.trim().parse::<f64>() {
            Ok(number) if number > 0.0 && number.is_finite() => Ok(Self { name, number }),
            _ => Err("expected a number above 0, for all or for one, such as 20 or li=40".into()),
        }
    }
}

/// An annotator and a day: `li@3`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NameDay {
    pub(super) name: String,
    pub(super) day: u32,
}

impl FromStr for NameDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, day) = text.rsplit_once('@').unwrap_or((text, ""));
        match day.trim().parse() {
            Ok(day @ 1..) if !name.is_empty() => Ok(Self { name: name.trim().to_owned(), day }),
            _ => Err("expected a name and a day from 1 on, such as li@3".into()),
        }
    }
}

fn number_between(text: &str, least: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (least..=1.0).contains(&number) => Ok(number),
        _ => Err(format!("expected a share from {least} to 1, such as 0.8")),
    }
}

pub(super) fn agreement(text: &str) -> Result<f64, String> {
    number_between(text, 0.5)
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    number_between(text, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_days_are_read_with_and_without_names() {
        let all = Setpoint { name: None, number: 20.0 };
        assert_eq!("20".parse(), Ok(all));
        let one = Setpoint { name: Some("li".into()), number: 7.5 };
        assert_eq!("li=7.5".parse(), Ok(one));
        for wrong in ["", "li", "0", "-3", "inf", "NaN", "li=", "li=x"] {
            assert!(wrong.parse::<Setpoint>().is_err(), "{wrong}");
        }
        assert_eq!("li@3".parse(), Ok(NameDay { name: "li".into(), day: 3 }));
        for wrong in ["", "li", "li@", "@3", "li@0", "li@-1", "li@x"] {
            assert!(wrong.parse::<NameDay>().is_err(), "{wrong}");
        }
    }
}
