//! Templates, and what they read.

mod bench;
mod bounds;
mod constructs;
mod differential;
mod printed;
mod random;
mod shapes;

use super::*;
use differential::{Case, case};
