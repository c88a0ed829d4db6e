//! The tokens of a text, told without parsing it.
//!
//! This is what bounds the parser's work, so it must see strings and comments end where the parser
//! does. It also refuses what the parser is too lenient with: a keyword that runs into a name.

/// Words that begin a definition; so does a brace.
const KEYWORDS: [&str; 4] = ["query", "mutation", "subscription", "fragment"];

/// Names and numbers, strings, and single characters of punctuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Text,
    Mark(char),
}

/// Whether the text has at most so many tokens.
pub(super) fn are_few(text: &str, most: usize) -> bool {
    Tokens(text).take(most.saturating_add(1)).count() <= most
}

/// Whether each definition begins by a brace or by a keyword of its own: `queryName` is none.
pub(super) fn begin_by_keywords(text: &str) -> bool {
    let (mut depth, mut begins) = (0_u32, true);
    for token in Tokens(text) {
        match token {
            Token::Word(word) if begins && !KEYWORDS.contains(&word) => return false,
            Token::Mark('{' | '(' | '[') => depth += 1,
            Token::Mark('}' | ')' | ']') => depth = depth.saturating_sub(1),
            Token::Word(_) | Token::Text | Token::Mark(_) => {}
        }
        begins = depth == 0 && token == Token::Mark('}');
    }
    true
}

/// What is left of a text.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_ignored();
        let first = self.0.chars().next()?;
        let (token, length) = if is_word(first) {
            let length = self.0.find(|letter| !is_word(letter)).unwrap_or(self.0.len());
            (Token::Word(&self.0[..length]), length)
        } else if self.0.starts_with("\"\"\"") {
            (Token::Text, block_string(self.0))
        } else if first == '"' {
            (Token::Text, string(self.0))
        } else {
            (Token::Mark(first), first.len_utf8())
        };
        self.0 = &self.0[length..];
        Some(token)
    }
}

impl Tokens<'_> {
    fn skip_ignored(&mut self) {
        loop {
            self.0 = self.0.trim_start_matches(is_ignored);
            if !self.0.starts_with('#') {
                return;
            }
            self.0 = self.0.find(is_line_end).map_or("", |end| &self.0[end..]);
        }
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn is_ignored(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, ',' | '\u{feff}')
}

fn is_line_end(letter: char) -> bool {
    matches!(letter, '\n' | '\r')
}

/// Bytes of the string at the start of the text: to its quote, or to the end of its line.
fn string(text: &str) -> usize {
    let mut is_escaped = true; // The opening quote ends nothing.
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_line_end(letter) => return at,
            '"' if !is_escaped => return at + 1,
            _ => is_escaped = letter == '\\' && !is_escaped,
        }
    }
    text.len()
}

/// Bytes of the block string at the start of the text: to three quotes without a backslash.
fn block_string(text: &str) -> usize {
    let quotes = "\"\"\"";
    let mut at = quotes.len();
    while let Some(found) = text[at..].find(quotes) {
        let end = at + found + quotes.len();
        if !text[..at + found].ends_with('\\') {
            return end;
        }
        at = end;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        (0..).find(|most| are_few(text, *most)).expect("a text has an end")
    }

    #[test]
    fn tokens_are_counted_without_strings_and_comments() {
        for (text, expected) in [
            ("", 0),
            (" ,\u{feff}\t\r\n# only a comment", 0),
            ("{ a }", 3),
            ("{a(b:\"many words, in one string\")}", 8),
            ("{ a # { } }\n }", 3),
            (r#""a string" b"#, 2),
            (r#""a \" quote" b c"#, 3),
            (r#""a backslash \\" b c"#, 3),
            (r#""""a block " with "" quotes""" b c"#, 3),
            (r#""""a block \""" with three""" b c"#, 3),
            ("\"\" b", 2),
            ("\"\"\"\"\"\" b", 2),
            ("\"without an end\nb c", 3),
            ("\"\"\"without an end\nb c", 1),
            ("\"without an end \\", 1),
            ("-1.5e3 ...on", 8),
        ] {
            assert_eq!(count(text), expected, "{text:?}");
        }
    }

    #[test]
    fn nothing_hides_tokens() {
        let many = "a ".repeat(3_000);
        for before in
            ["# a comment\r", "# a comment\r\n", "b(c: \"\\\"\") ", "b(c: \"\"\"\\\"\"\"\"\"\") ", "\"\n", "\"\r"]
        {
            assert!(!are_few(&format!("{{ {before}{many}"), 2_000), "{before:?}");
        }
    }

    #[test]
    fn a_keyword_ends_before_a_name() {
        for (text, begins) in [
            ("{ a }", true),
            ("query A { a }", true),
            ("query{ a }", true),
            ("query($a: X = { b: [1] }) @c(d: { e: 1 }) { a } fragment F on T { b } mutation M { c }", true),
            ("# queryA\nsubscription S { a }", true),
            ("queryA { a }", false),
            ("query A { a } mutationB { b }", false),
            ("query A { a } fragmentF on T { b }", false),
            ("a", false),
            ("", true),
        ] {
            assert_eq!(begin_by_keywords(text), begins, "{text}");
        }
    }
}
