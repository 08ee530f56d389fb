//! What Quillfront needs of AWS, as data: names that S3 accepts ([`bucket`]), the notifications
//! that start the builder ([`notification`]), the permissions of each part ([`policy`]), the numbers
//! and names that all agree on ([`facts`]), the templates ([`template`]), and what it costs ([`cost`]).
//!
//! Nothing here speaks to AWS.

pub mod bucket;
pub mod cost;
pub mod facts;
pub mod notification;
pub mod policy;
pub mod template;
