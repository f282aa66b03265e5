//! What spreadsheets leave in the cells of a table: a formula around a code, a sign that says "this is a text", an error instead of a
//! value, a number instead of a long code.

use std::borrow::Cow;

/// Errors that spreadsheets show in a cell, in English and German.
const ERRORS: [&str; 12] =
    ["#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#NV", "#WERT!", "#BEZUG!"];

/// A cell that is not what it was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The cell has an error instead of a value.
    Error,
    /// A long number or code was shortened to its first digits.
    Shortened,
}

/// The value that a spreadsheet was given.
///
/// # Errors
/// It cannot be known any more.
pub(super) fn undone(value: &str) -> Result<Cow<'_, str>, Lost> {
    if ERRORS.contains(&value) {
        return Err(Lost::Error);
    }
    if is_shortened(value) {
        return Err(Lost::Shortened);
    }
    // `="00123"` keeps the zeros of a code.
    if let Some(inner) = value.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).filter(|inner| !inner.contains("\",")) {
        return Ok(Cow::Owned(inner.replace("\"\"", "\"")));
    }
    // So does an apostrophe, which a spreadsheet does not show.
    match value.strip_prefix('\'') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c)) && rest.chars().all(is_of_a_number) => {
            Ok(Cow::Borrowed(rest))
        }
        _ => Ok(Cow::Borrowed(value)),
    }
}

/// What numbers and numeric codes are written with.
fn is_of_a_number(c: char) -> bool {
    c.is_ascii_digit() || "+-./, ()".contains(c)
}

/// `1,00E+05`, `4.00638E+12`, `1E+11`: a spreadsheet's own form, with a sign and two digits at least. Real codes such as `1E5` have not.
fn is_shortened(value: &str) -> bool {
    let Some((mantissa, exponent)) = value.strip_prefix('-').unwrap_or(value).split_once("E+") else { return false };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    whole.len() == 1 && is_digits(whole) && is_digits(decimals) && exponent.len() >= 2 && is_digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_out_of_what_a_spreadsheet_put_around_it() {
        for (value, right) in [
            ("=\"00123\"", "00123"),
            ("'00124", "00124"),
            ("'+49 30", "+49 30"),
            ("00125", "00125"),
            ("1E5", "1E5"),
            ("12E34", "12E34"),
            ("1.5E+3", "1.5E+3"),
            ("'quoted'", "'quoted'"),
            ("'s Gravenhage", "'s Gravenhage"),
            ("'90er Jahre", "'90er Jahre"),
            ("'70s", "'70s"),
            ("see #N/A there", "see #N/A there"),
            ("=A1", "=A1"),
        ] {
            assert_eq!(undone(value).as_deref(), Ok(right), "{value}");
        }
        for value in ["1,00E+05", "1.00E+05", "4,00638E+12", "-1,5E+10", "1E+11"] {
            assert_eq!(undone(value), Err(Lost::Shortened), "{value}");
        }
        for value in ["#N/A", "#NV", "#DIV/0!"] {
            assert_eq!(undone(value), Err(Lost::Error), "{value}");
        }
    }
}
