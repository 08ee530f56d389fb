//! What an author probably meant to write.

/// The known name that is few enough edits away to have been meant.
pub fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    if name.len() > 60 {
        return None;
    }
    let distance_allowed = name.chars().count().div_ceil(3).max(1);
    known
        .iter()
        .map(|candidate| (strsim::levenshtein(name, candidate), *candidate))
        .filter(|(distance, _)| *distance <= distance_allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
