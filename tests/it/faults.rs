//! What providers and networks do wrong, and what each of it does to money: the fault matrix.
//!
//! One table says for every fault what becomes of the attempt and what its owner is credited, measured
//! against the provider's books. One function plays the table on both databases; a document is
//! generated from the same table.

mod document;
mod matrix;
mod relay;
mod row;
mod table;
