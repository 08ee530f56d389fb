//! Pagers: a list of pages cut into numbered parts (site model, sections 7 and 13).

use super::library::PageId;

/// How a list is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pagination {
    /// Pages on each part, at least 1.
    pub paginate_by: usize,
    /// The path part before the number, `page` by default; may be empty.
    pub paginate_path: String,
    /// True where the oldest page comes first.
    pub reversed: bool,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pager {
    /// 1-based.
    pub index: usize,
    /// Its path: the list's own for the first, `/blog/page/2/` for the second.
    pub path: String,
    /// Its pages, in order.
    pub pages: Vec<PageId>,
}

/// Cuts `pages`, the list of the section or term at `path`. There is always a first part.
pub fn paginate(pages: &[PageId], path: &str, pagination: &Pagination) -> Vec<Pager> {
    let ordered: Vec<PageId> = if pagination.reversed {
        pages.iter().rev().copied().collect()
    } else {
        pages.to_vec()
    };
    let mut parts: Vec<Vec<PageId>> = ordered
        .chunks(pagination.paginate_by.max(1))
        .map(<[PageId]>::to_vec)
        .collect();
    if parts.is_empty() {
        parts.push(Vec::new());
    }
    parts
        .into_iter()
        .enumerate()
        .map(|(position, pages)| {
            let index = position + 1;
            let path = if index == 1 {
                path.to_owned()
            } else {
                numbered_path(path, pagination, index)
            };
            Pager { index, path, pages }
        })
        .collect()
}

/// `/blog/page/3/`, also for the first part, where a redirect to the list itself stands.
pub fn numbered_path(path: &str, pagination: &Pagination, index: usize) -> String {
    format!("{}{index}/", base_path(path, pagination))
}

/// `/blog/page/`: what a number is added to.
pub fn base_path(path: &str, pagination: &Pagination) -> String {
    match pagination.paginate_path.trim_matches('/') {
        "" => path.to_owned(),
        between => format!("{path}{between}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_numbered_from_the_list_itself_on() {
        let pagination = Pagination {
            paginate_by: 2,
            paginate_path: "page".into(),
            reversed: false,
        };
        let pagers = paginate(&[0, 1, 2], "/blog/", &pagination);
        let shape: Vec<_> = pagers
            .iter()
            .map(|pager| (pager.path.as_str(), &*pager.pages))
            .collect();
        assert_eq!(
            shape,
            [("/blog/", &[0, 1][..]), ("/blog/page/2/", &[2][..])]
        );
        assert_eq!(numbered_path("/blog/", &pagination, 1), "/blog/page/1/");
        let reversed = Pagination {
            reversed: true,
            paginate_path: String::new(),
            ..pagination
        };
        assert_eq!(paginate(&[0, 1, 2], "/", &reversed)[0].pages, [2, 1]);
        assert_eq!(numbered_path("/", &reversed, 2), "/2/");
        assert_eq!(paginate(&[], "/", &reversed).len(), 1);
    }
}
