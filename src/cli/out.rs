//! The one place that writes to standard output and error: tables for people, JSON for programs.

use std::io::{self, Write as _};

use serde_json::{Map, Value};

/// Writes a command's answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    json: bool,
}

/// A table: names of the columns, and rows of as many cells.
pub(super) struct Listing {
    columns: &'static [&'static str],
    rows: Vec<Vec<Option<String>>>,
}

impl Listing {
    /// An empty table.
    pub(super) const fn new(columns: &'static [&'static str]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn row<const N: usize>(&mut self, cells: [Option<String>; N]) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has a cell for each column");
        self.rows.push(cells.into());
    }

    fn object(&self, row: &[Option<String>]) -> Value {
        let cell = |cell: &Option<String>| cell.clone().map_or(Value::Null, Value::String);
        let names = self.columns.iter().map(|name| name.replace(' ', "_"));
        Value::Object(names.zip(row.iter().map(cell)).collect::<Map<String, Value>>())
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column).and_then(Option::as_ref));
        let title = self.columns.get(column).map_or(0, |title| title.chars().count());
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(title)
    }
}

impl Out {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether programs read the answer.
    pub(super) const fn is_json(self) -> bool {
        self.json
    }

    /// One line as it stands.
    pub(crate) fn line(self, text: &str) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{text}")
    }

    /// Text as it stands, without a line's end.
    pub(crate) fn raw(self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// A table, or an array of objects.
    pub(super) fn list(self, listing: &Listing) -> io::Result<()> {
        if self.json {
            return self.line(&Value::Array(listing.rows.iter().map(|row| listing.object(row)).collect()).to_string());
        }
        let widths: Vec<usize> = (0..listing.columns.len()).map(|column| listing.width(column)).collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            padded.join("  ").trim_end().to_owned()
        };
        self.line(&line(&mut listing.columns.iter().copied()))?;
        for row in &listing.rows {
            self.line(&line(&mut row.iter().map(|cell| cell.as_deref().unwrap_or("–"))))?;
        }
        Ok(())
    }

    /// One thing with its fields below each other, or as one object.
    pub(super) fn record<const N: usize>(
        self,
        columns: &'static [&'static str],
        cells: [Option<String>; N],
    ) -> io::Result<()> {
        let mut listing = Listing::new(columns);
        listing.row(cells);
        let Some(row) = listing.rows.first() else { return Ok(()) };
        if self.json {
            return self.line(&listing.object(row).to_string());
        }
        let width = columns.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        for (name, cell) in columns.iter().zip(row) {
            self.line(&format!("{name:<width$}  {}", cell.as_deref().unwrap_or("–")))?;
        }
        Ok(())
    }
}

/// A line on standard error; nobody is told when that fails, since there is nowhere left to say it.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether standard output is a terminal.
#[cfg(feature = "demo")]
pub(crate) fn on_terminal() -> bool {
    io::IsTerminal::is_terminal(&io::stdout())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_knows_its_widths_and_names() {
        let mut listing = Listing::new(&["id", "last used"]);
        listing.row([Some("a".to_owned()), None]);
        listing.row([Some("längst".to_owned()), Some("now".to_owned())]);
        assert_eq!((listing.width(0), listing.width(1)), (6, 9));
        assert_eq!(listing.object(&listing.rows[0]).to_string(), r#"{"id":"a","last_used":null}"#);
    }
}
