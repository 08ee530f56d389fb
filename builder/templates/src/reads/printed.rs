//! What is read, as a short text.

use super::{Call, Parts, Shape};
use std::fmt::{self, Display, Formatter};

/// `{lower{title} tags[]}`: nothing behind a name says that it is read whole, `?` that it is only looked
/// at, `[]` that all values of a list are read, `[:3]` the first ones, `#` how many there are.
impl Display for Shape {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self::Parts(parts) = self else {
            return Ok(());
        };
        if *parts == Parts::default() {
            return f.write_str("?");
        }
        for (index, (name, shape)) in parts.fields.iter().enumerate() {
            write!(f, "{}{name}{shape}", if index == 0 { "{" } else { " " })?;
        }
        if !parts.fields.is_empty() {
            f.write_str("}")?;
        }
        if let Some(items) = &parts.items {
            match items.first {
                Some(first) => write!(f, "[:{first}]{}", items.shape)?,
                None => write!(f, "[]{}", items.shape)?,
            }
        }
        f.write_str(if parts.length { "#" } else { "" })
    }
}

/// `get_page(path="a.md"){title}`: the arguments that are written out, and what is read of the answer.
impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let literals = self.literals.iter();
        let literals: Vec<String> = literals
            .map(|(name, text)| format!("{name}={text:?}"))
            .collect();
        write!(f, "{}({}){}", self.function, literals.join(" "), self.shape)
    }
}
