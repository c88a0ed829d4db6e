//! The live table, and its one-line form without a terminal.

use std::io;

use crate::cli::out::Out;

use super::watch::{KeyView, Scene};

/// Takes the terminal's second screen, so that the first one stays as it was, and clips long lines:
/// one that wrapped would push the table about.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/// Where the demo is shown.
pub(super) struct Screen {
    out: Out,
    live: bool,
    color: bool,
    entered: bool,
}

impl Screen {
    pub(super) const fn new(out: Out, live: bool, color: bool) -> Self {
        Self { out, live, color, entered: false }
    }

    /// Whether the table is redrawn in place.
    pub(super) const fn is_live(&self) -> bool {
        self.live
    }

    /// Shows a moment: the whole table in place, or one line.
    pub(super) fn show(&mut self, head: &[String], scene: &Scene, seconds: u64) -> io::Result<()> {
        if !self.live {
            return self.out.line(&summary(scene, seconds));
        }
        let mut picture = String::from(if self.entered { "\x1b[H" } else { ENTER });
        self.entered = true;
        let body = table(scene, self.color);
        let foot = [String::new(), format!("  {}", summary(scene, seconds))];
        for line in head.iter().chain(&body).chain(&foot) {
            picture.push_str(line);
            picture.push_str("\x1b[K\r\n");
        }
        picture.push_str("\x1b[J");
        self.out.raw(&picture)
    }

    /// Gives the terminal back.
    pub(super) fn leave(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.entered) { self.out.raw(LEAVE) } else { Ok(()) }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing back.
        let _ = self.leave();
    }
}

fn summary(scene: &Scene, seconds: u64) -> String {
    let balance = if scene.charged == scene.credited { "balanced".to_owned() } else { format!("{} open", scene.open) };
    let Scene { solved, failed, charged, credited, .. } = scene;
    let waiting = scene.waiting.map(|what| format!(" · {what}")).unwrap_or_default();
    format!(
        "{seconds:>4} s  {solved} solved · {failed} failed · charged {charged} · credited {credited} · {balance}{waiting}"
    )
}

fn table(scene: &Scene, color: bool) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.push(format!(
        "  {:<6} {:<17} {:<9} {:>11} {:>9} {:>10}   {}",
        "owner", "provider", "status", "balance", "held", "credited", "last"
    ));
    lines.extend(scene.keys.iter().map(|key| row(key, scene, color)));
    lines.push(String::new());
    lines.extend(scene.routes.iter().take(3).map(|route| format!("  route  {}", cut(route, 110))));
    lines
}

fn row(key: &KeyView, scene: &Scene, color: bool) -> String {
    let last = match (&key.problem, scene.last_credit.get(&key.id)) {
        (Some(problem), _) => cut(problem, 60),
        (None, Some((amount, source))) => format!("+ {amount} {}", source_words(source)),
        (None, None) => String::new(),
    };
    format!(
        "  {:<6} {:<17} {} {:>11} {:>9} {:>10}   {last}",
        key.owner,
        key.provider_name,
        status(&key.status, color),
        key.balance.as_deref().unwrap_or("–"),
        key.held,
        key.credited,
    )
}

fn status(status: &str, color: bool) -> String {
    let padded = format!("{status:<9}");
    let code = match status {
        _ if !color => return padded,
        "ACTIVE" => "32",
        "PENDING" => "36",
        "DEPLETED" => "33",
        "INVALID" => "31",
        _ => "90",
    };
    format!("\x1b[{code}m{padded}\x1b[0m")
}

fn source_words(source: &str) -> &'static str {
    match source {
        "REPORTED" => "reported",
        "BALANCE_DELTA" => "by balance",
        "PRICE_LIST" => "by price list",
        _ => "",
    }
}

fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    text.chars().take(length - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProviderCode, Usd};

    #[test]
    fn a_row_tells_the_problem_or_the_last_credit() {
        let mut key = KeyView {
            owner: "Ada",
            id: "k".to_owned(),
            provider: ProviderCode::Capsolver,
            provider_name: "CapSolver".to_owned(),
            status: "ACTIVE".to_owned(),
            balance: Some("0.4812".to_owned()),
            held: "0".to_owned(),
            credited: "0.0188".to_owned(),
            problem: None,
        };
        let mut scene = Scene::default();
        scene.last_credit.insert("k".to_owned(), ("0.0008".to_owned(), "BALANCE_DELTA".to_owned()));
        assert!(row(&key, &scene, false).ends_with("+ 0.0008 by balance"));
        key.problem = Some("The provider rejects this key.".to_owned());
        assert!(row(&key, &scene, false).ends_with("rejects this key."));
        assert!(row(&key, &scene, true).contains("\x1b[32mACTIVE"));
    }

    #[test]
    fn the_summary_says_whether_it_balances() {
        let mut scene = Scene { solved: 3, open: 2, charged: Usd::from_nanos(1_000), ..Scene::default() };
        assert!(summary(&scene, 7).ends_with("charged 0.000001 · credited 0 · 2 open"), "{}", summary(&scene, 7));
        scene.credited = scene.charged;
        assert!(summary(&scene, 7).ends_with("balanced"));
    }
}
