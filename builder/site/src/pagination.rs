//! Pagers: a list of pages cut into numbered parts (site model, sections 7 and 13).

use crate::facts::Section;
use crate::library::PageId;
use crate::library::taxonomies::Taxonomy;

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

impl Pagination {
    /// How a section's list is cut, if it is.
    pub fn of_section(section: &Section) -> Option<Self> {
        Some(Self {
            paginate_by: section.front.paginate_by?,
            paginate_path: section.front.paginate_path.clone(),
            reversed: section.front.paginate_reversed,
        })
    }

    /// How a term's list is cut, if it is.
    pub fn of_term(taxonomy: &Taxonomy) -> Option<Self> {
        Some(Self {
            paginate_by: taxonomy.config.paginate_by?,
            paginate_path: taxonomy.config.paginate_path.clone(),
            reversed: false,
        })
    }
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

/// How many parts a list of so many pages has. There is always a first one.
pub fn count(pages: usize, pagination: &Pagination) -> usize {
    pages.div_ceil(pagination.paginate_by.max(1)).max(1)
}

/// The path of a part.
pub fn part_path(path: &str, pagination: &Pagination, index: usize) -> String {
    match index {
        1 => path.to_owned(),
        _ => numbered_path(path, pagination, index),
    }
}

/// One part of `pages`, the list of the section or term at `path`; None where there is none.
pub fn part(pages: &[PageId], path: &str, pagination: &Pagination, index: usize) -> Option<Pager> {
    if index == 0 || index > count(pages.len(), pagination) {
        return None;
    }
    let by = pagination.paginate_by.max(1);
    let (from, to) = ((index - 1) * by, (index * by).min(pages.len()));
    let pages = if pagination.reversed {
        pages
            .iter()
            .rev()
            .skip(from)
            .take(to - from)
            .copied()
            .collect()
    } else {
        pages[from..to].to_vec()
    };
    Some(Pager {
        index,
        path: part_path(path, pagination, index),
        pages,
    })
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
    use crate::index_vec::Id;

    #[test]
    fn parts_are_numbered_from_the_list_itself_on() {
        let pagination = Pagination {
            paginate_by: 2,
            paginate_path: "page".into(),
            reversed: false,
        };
        let paginate = |pages: &[PageId], path: &str, pagination: &Pagination| -> Vec<Pager> {
            let parts = 1..=count(pages.len(), pagination);
            let part = |index| part(pages, path, pagination, index).unwrap();
            parts.map(part).collect()
        };
        let pages = [0, 1, 2].map(PageId::at);
        let pagers = paginate(&pages, "/blog/", &pagination);
        assert_eq!(part(&pages, "/blog/", &pagination, 3), None);
        let shape: Vec<_> = pagers
            .iter()
            .map(|pager| (pager.path.as_str(), &*pager.pages))
            .collect();
        assert_eq!(
            shape,
            [("/blog/", &pages[..2]), ("/blog/page/2/", &pages[2..])]
        );
        assert_eq!(numbered_path("/blog/", &pagination, 1), "/blog/page/1/");
        let reversed = Pagination {
            reversed: true,
            paginate_path: String::new(),
            ..pagination
        };
        assert_eq!(
            paginate(&pages, "/", &reversed)[0].pages,
            [pages[2], pages[1]]
        );
        assert_eq!(numbered_path("/", &reversed, 2), "/2/");
        assert_eq!(paginate(&[], "/", &reversed).len(), 1);
    }
}
