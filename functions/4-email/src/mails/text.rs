//! The text part: the same content in lines of at most 72 columns, for whoever reads mail without HTML.

use brand::Brand;

use super::content::{Block, Content, Foot, Goods, Link, WayOut};

const COLUMNS: usize = 72;

/// The whole part. `way_out` is a flow's mail's.
pub fn of(mail: &Content, brand: &Brand, foot: &Foot, way_out: Option<&WayOut>) -> String {
    let mut parts = vec![brand.name.clone(), wrapped(&mail.title, "")];
    parts.extend(mail.blocks.iter().map(block));
    let mut text = parts.join("\n\n");
    text.push_str("\n\n--\n");
    text.push_str(&wrapped(&format!("{} {}", foot.questions, brand.support.words), ""));
    if let Some(way_out) = way_out {
        let links = [&way_out.unsubscribe, &way_out.preferences].map(link).join("\n");
        text.push_str(&format!("\n\n{}\n{links}\n", wrapped(&way_out.why, "")));
    }
    text.push_str(&format!("\n{}\n", brand.address));
    text
}

fn block(block: &Block) -> String {
    match block {
        Block::Text(text) => wrapped(text, ""),
        Block::Heading(text) => text.to_uppercase(),
        Block::Steps(steps) => {
            let step = |(n, step): (usize, &String)| wrapped(&format!("{}. {step}", n + 1), "   ");
            steps.iter().enumerate().map(step).collect::<Vec<_>>().join("\n")
        }
        Block::Facts(facts) => {
            facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)).collect::<Vec<_>>().join("\n")
        }
        Block::Address(lines) => lines.join("\n"),
        Block::Goods(goods) => self::goods(goods),
        Block::Button(to) | Block::Link(to) => link(to),
    }
}

fn goods(goods: &Goods) -> String {
    let mut lines = Vec::new();
    for line in &goods.lines {
        let title = match &line.variant {
            Some(variant) => format!("{} ({variant})", line.title),
            None => line.title.clone(),
        };
        lines.push(wrapped(&format!("- {title}"), "  "));
        lines.push(if line.sum.is_empty() {
            format!("  {}", line.count)
        } else {
            format!("  {}, {}", line.count, line.sum)
        });
    }
    if let Some(total) = &goods.total {
        let note = total.note.as_ref().map(|note| format!(", {note}")).unwrap_or_default();
        lines.extend([String::new(), format!("{}{note}: {}", total.label, total.sum)]);
    }
    lines.join("\n")
}

/// On a line of its own, so that every mail program finds all of it.
fn link(link: &Link) -> String {
    format!("{}:\n{}", link.label, link.href)
}

/// The text in lines; those after the first begin with `indent`. A word that is longer than a line keeps one to itself.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width == 0 {
            width = length;
        } else if width + 1 + length > COLUMNS {
            lines.push('\n');
            lines.push_str(indent);
            width = indent.chars().count() + length;
        } else {
            lines.push(' ');
            width += 1 + length;
        }
        lines.push_str(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_between_words() {
        let text = "word ".repeat(30);
        let lines = wrapped(&format!("1. {text}"), "   ");
        assert!(lines.lines().all(|line| line.chars().count() <= COLUMNS) && lines.lines().count() == 3, "{lines}");
        assert!(lines.lines().skip(1).all(|line| line.starts_with("   word")), "{lines}");
        let long = "x".repeat(100);
        assert_eq!(wrapped(&format!("a {long} b"), ""), format!("a\n{long}\nb"));
    }
}
