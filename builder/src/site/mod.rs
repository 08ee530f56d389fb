//! The site as its sources define it, before anything is rendered: pages and sections
//! ([`facts`]), how they belong together ([`library`]), taxonomies ([`taxonomies`]) and pagers
//! ([`pagination`]); what makes no page ([`absence`]), and what lies where none is made of it
//! ([`misplaced`]). Pure.

pub mod absence;
pub mod facts;
pub mod library;
pub mod misplaced;
pub mod pagination;
pub mod schedule;
pub mod taxonomies;
