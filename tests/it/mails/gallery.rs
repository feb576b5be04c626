//! Writes every mail into files: for the check in a browser (`make pages`) and for whoever wants to see them (`make mails`).

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use email::mails::Written;
use serde_json::json;

use super::samples::{About, LANGUAGES, Sample, every, shop, transactional};

/// Where pictures lie in the samples; the gallery has its own.
const ELSEWHERE: &str = "https://cdn.example.com/";

/// The looks: the shop without and with a logo, a light colour with dark letters, dark buttons, and on first-name terms.
fn looks() -> Vec<(&'static str, Vec<Sample>)> {
    let mut looks = Vec::new();
    for language in LANGUAGES {
        looks.push((language, every(&shop(|_| {}), &About::sample(language))));
    }
    let bright = shop(|choices| {
        let brand = &mut choices["brand"];
        brand["color"] = "#ffd400".into();
        brand["button_color"] = "#7a1fa2".into();
        brand["logo_url"] = format!("{ELSEWHERE}logo.png").into();
        brand["tone"] = "casual".into();
    });
    for (look, language) in [("bright-en", "en"), ("bright-de", "de")] {
        looks.push((look, every(&bright, &About::sample(language))));
    }
    looks
}

#[test]
fn every_mail_is_written_to_look_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mails");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(folder.join("gallery")).unwrap();
    let mut rows = String::new();
    let mut count = 0;
    for (look, samples) in looks() {
        for Sample { name, mail } in samples {
            let file = format!("{name}-{look}");
            let about = json!({
                "subject": mail.subject, "preheader": mail.preheader, "language": mail.language,
                "marketing": !transactional(&name), "bytes": mail.html.len(),
            });
            fs::write(folder.join(format!("{file}.html")), &mail.html).unwrap();
            fs::write(folder.join(format!("{file}.txt")), &mail.text).unwrap();
            fs::write(folder.join(format!("{file}.json")), about.to_string()).unwrap();
            rows.push_str(&shown(&folder.join("gallery"), &file, &mail));
            count += 1;
        }
    }
    pictures(&folder.join("gallery"));
    fs::write(folder.join("gallery/index.html"), page(count, &rows)).unwrap();
    assert!(count > 80, "{count}");
}

/// One mail in the gallery: light and dark, on a phone and on a desk, and its text part.
fn shown(gallery: &Path, file: &str, mail: &Written) -> String {
    // Drawn ones, beside the page.
    let pictures = [("11.jpg", "poster.svg"), ("12.jpg", "mug.svg"), ("logo.png", "logo.svg")];
    let light = pictures
        .iter()
        .fold(mail.html.clone(), |html, (theirs, drawn)| html.replace(&format!("{ELSEWHERE}{theirs}"), drawn));
    // What a reader in dark mode sees, without asking the reader of this page to switch.
    let dark = light.replace("(prefers-color-scheme: dark)", "all");
    assert_ne!(light, dark, "{file}: dark mode is asked for");
    let write = |name: &str, html: &str| fs::write(gallery.join(name), html).unwrap();
    write(&format!("{file}.html"), &light);
    write(&format!("{file}.dark.html"), &dark);
    let mut row = format!(
        "<section id=\"{file}\"><h2>{file}</h2><p><b>{}</b><br><span>{}</span> · {} KB</p><div class=\"looks\">",
        escaped(&mail.subject),
        escaped(&mail.preheader),
        mail.html.len().div_ceil(1024),
    );
    for (name, width) in [(".html", 375), (".html", 700), (".dark.html", 375)] {
        write!(
            row,
            "<iframe src=\"{file}{name}\" title=\"{file}, {width} wide\" width=\"{width}\" height=\"900\" loading=\"lazy\"></iframe>"
        ).unwrap();
    }
    write!(row, "<pre>{}</pre></div></section>", escaped(&mail.text)).unwrap();
    row
}

fn page(count: usize, rows: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Every mail</title><style>\
         body{{font:15px/1.5 sans-serif;margin:24px;background:#e5e7eb}}.looks{{display:flex;gap:16px;overflow-x:auto;align-items:start}}\
         iframe{{border:1px solid #9ca3af;flex:none;background:#fff}}pre{{background:#fff;padding:12px;flex:none;margin:0}}\
         section{{margin:0 0 48px}}h2{{margin:0}}</style></head><body><h1>Every mail, with sample data</h1><p>{count} mails: subject, \
         what the list of mails shows, phone, desk, dark mode, text part. Words are in <code>functions/4-email/src/mails/words</code>, the \
         layout in <code>functions/4-email/templates</code>, the brand in <code>store.toml</code>.</p>{rows}</body></html>"
    )
}

fn pictures(gallery: &Path) {
    let svg = |width, height, color, text| {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\"><rect width=\"100%\" height=\"100%\" \
             fill=\"{color}\"/><text x=\"8\" y=\"60%\" font-family=\"sans-serif\" font-size=\"16\">{text}</text></svg>"
        )
    };
    let drawn = [("poster", 200, "#8aa4b8"), ("mug", 160, "#c7a27c"), ("logo", 40, "#ffd400")];
    for (name, height, color) in drawn {
        fs::write(gallery.join(format!("{name}.svg")), svg(160, height, color, name)).unwrap();
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
