//! From a folder into a folder: what a build does to an output that is there already, and how it knows
//! which files have changed.

mod in_place;
mod in_the_way;
mod site;
mod versions;
