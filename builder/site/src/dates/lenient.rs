//! Dates as YAML 1.1 has them.

use super::{Date, Offset, TimeOfDay};

/// The timestamp of YAML 1.1: digits may be single, `t` or blanks stand between day and time.
pub(super) fn parse(text: &str) -> Option<Date> {
    let (year, rest) = number(text, 4..=4)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 1..=2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 1..=2)?;
    let mut time = TimeOfDay {
        hour: 0,
        minute: 0,
        second: 0,
        nanosecond: 0,
        offset: Some(Offset::Utc),
    };
    if !rest.is_empty() {
        let clock = rest
            .strip_prefix(['t', 'T'])
            .or_else(|| rest.starts_with([' ', '\t']).then(|| rest.trim_start()))?;
        let (hour, rest) = number(clock, 1..=2)?;
        let (minute, rest) = number(rest.strip_prefix(':')?, 2..=2)?;
        let (second, rest) = number(rest.strip_prefix(':')?, 2..=2)?;
        let (nanosecond, rest) = fraction(rest);
        time.hour = u8::try_from(hour).ok()?;
        time.minute = u8::try_from(minute).ok()?;
        time.second = u8::try_from(second).ok()?;
        time.nanosecond = nanosecond;
        time.offset = Some(lenient_offset(rest.trim_start())?);
    }
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    Date {
        year,
        month,
        day,
        time: Some(time),
    }
    .checked()
}

/// `Z`, `-5`, `+05`, `+05:30`, or nothing, which is UTC.
fn lenient_offset(text: &str) -> Option<Offset> {
    if matches!(text, "" | "Z" | "z") {
        return Some(Offset::Utc);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, rest) = number(text.strip_prefix(['+', '-'])?, 1..=2)?;
    let minutes = match rest.strip_prefix(':') {
        Some(rest) => number(rest, 2..=2).filter(|(_, rest)| rest.is_empty())?.0,
        None if rest.is_empty() => 0,
        None => return None,
    };
    if minutes > 59 {
        return None;
    }
    Some(Offset::Minutes(
        sign * i16::try_from(hours * 60 + minutes).ok()?,
    ))
}

/// A run of ASCII digits whose length is in `length`, as a number, and what follows it.
fn number(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<(u16, &str)> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    if !length.contains(&end) {
        return None;
    }
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// `.25` as nanoseconds; digits beyond the ninth are cut, as TOML does.
fn fraction(text: &str) -> (u32, &str) {
    let Some(digits) = text.strip_prefix('.') else {
        return (0, text);
    };
    let end = digits.bytes().take_while(u8::is_ascii_digit).count();
    let nanoseconds = digits[..end]
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    (nanoseconds, &digits[end..])
}
