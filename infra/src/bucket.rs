//! Bucket names (Amazon S3 guide, "General purpose bucket naming rules").

/// A name that S3 does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no bucket name: {rule}")]
pub struct BucketNameError {
    name: String,
    rule: &'static str,
}

/// Checks a name by the rules for general purpose buckets.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_name(name: &str) -> Result<(), BucketNameError> {
    let reject = |rule| {
        Err(BucketNameError {
            name: name.to_owned(),
            rule,
        })
    };
    if !(3..=63).contains(&name.len()) {
        return reject("it has 3 to 63 characters");
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    if !name.chars().all(allowed) {
        return reject("it has lower-case letters, digits, dots and dashes only");
    }
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if !ends(name.chars().next()) || !ends(name.chars().next_back()) {
        return reject("it begins and ends with a letter or digit");
    }
    if name.contains("..") {
        return reject("no two dots stand side by side");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return reject("it is not an IP address");
    }
    if ["xn--", "sthree-", "amzn-s3-demo-"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
    {
        return reject("this beginning is reserved");
    }
    if ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
        .iter()
        .any(|end| name.ends_with(end))
    {
        return reject("this end is reserved");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names_follow_the_rules_of_s3() {
        for good in ["source", "my-blog.example.org", "a1b", &"a".repeat(63)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in [
            "ab",
            &"a".repeat(64),
            "Blog",
            "my_blog",
            "-blog",
            "blog.",
            "a..b",
            "192.168.0.1",
            "xn--blog",
            "blog-s3alias",
        ] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
