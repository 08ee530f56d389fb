//! The site as its sources define it, before anything is rendered: pages and sections
//! ([`facts`]), how they belong together ([`library`]), taxonomies ([`taxonomies`]) and pagers
//! ([`pagination`]). Pure.

pub mod facts;
pub mod head;
pub mod library;
pub mod pagination;
pub mod schedule;
pub mod taxonomies;
