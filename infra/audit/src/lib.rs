//! What is wrong with a CloudFront distribution and what stands behind it.

pub mod xml;
