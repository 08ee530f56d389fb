//! What Quillfront needs of AWS, as data: names that S3 accepts ([`bucket`]), the notifications
//! that start the builder ([`notification`]), the permissions that it gets ([`policy`]).
//!
//! Nothing here speaks to AWS.

pub mod bucket;
pub mod notification;
pub mod policy;
