//! The pool as a whole. `support` builds keys and a clock that is moved by hand; the files are by
//! subject.

mod deciding;
mod drawing;
mod following;
mod support;
