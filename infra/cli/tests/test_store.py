"""The owner's file: what is accepted, and how a mistake is worded."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
import unittest
from pathlib import Path
from unittest.mock import patch

from cli import partners, places, render, storefile
from cli.say import Failure
from cli.schema import DEADLINE, FILE, PLATFORMS, PRODUCT, PROPERTY, SECTIONS, SHIPPING, VARIANT
from cli.validate import validate

EXAMPLE = places.INFRA / "store.toml"
LOCAL = places.LOCAL_DEFAULTS / "store.toml"
BASES = {"shopify": "http://127.0.0.1:4567/shopify", "printful": "http://127.0.0.1:4567/printful"}


def uncommented() -> str:
    """The example with every commented key and section taken up."""
    lines = EXAMPLE.read_text().splitlines()
    return "\n".join(line.removeprefix("# ") if re.match(r"# (\w+ = |\[)", line) else line for line in lines) + "\n"


class Files(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, change=lambda text: text, text: str | None = None) -> Path:
        path = self.folder / "store.toml"
        path.write_text(change(text or EXAMPLE.read_text()))
        return path

    def secrets(self, **contents: str) -> None:
        (self.folder / "secrets").mkdir(exist_ok=True)
        defaults = {
            "shopify-webhook-secret": "one",
            "shopify-admin-token": "two",
            "printful-token": "three",
            "printful-webhook-secret": "00ff",
            "printful-path-secret": "a-long-enough-word",
        }
        for name, content in (defaults | contents).items():
            (self.folder / "secrets" / name).write_text(content + "\n")

    def refusal(self, path: Path) -> str:
        with self.assertRaises(Failure) as raised:
            storefile.read(path)
        return str(raised.exception)


class Validating(Files):
    def said(self, path: Path) -> str:
        with patch.dict(os.environ, {"STORE": str(path)}), patch("cli.validate.note") as note:
            validate()
        return " ".join(call.args[0] for call in note.call_args_list)

    def test_a_file_that_is_right_and_one_whose_secret_is_not_there(self) -> None:
        path = self.write()
        with self.assertRaises(Failure) as raised:
            self.said(path)
        self.assertIn("shopify-admin-token", str(raised.exception))
        self.secrets()
        self.assertIn("is right: partners printful", self.said(path))

    def test_a_product_that_nobody_makes(self) -> None:
        text = (places.LOCAL_DEFAULTS / "headless.toml").read_text().replace('sku = "OAK-30x40"', 'sku = "OAK-50x70"', 1)
        path = self.write(text=re.sub(r'"[^"]*\.local/secrets/', '"secrets/', text))
        for file in storefile.read(path).secret_files.values():
            file.path.parent.mkdir(exist_ok=True)
            file.path.write_text("0123456789abcdef01234567\n")
        with self.assertRaises(Failure) as raised:
            self.said(path)
        self.assertIn("no [[catalog.variants]] row makes: OAK-", str(raised.exception))


class TheExample(Files):
    def test_it_is_valid_and_documents_every_key(self) -> None:
        store = storefile.read(EXAMPLE)
        self.assertEqual(store.values["mail"]["identity"], "example.com")
        text = EXAMPLE.read_text()
        for name, keys in [*SECTIONS.items(), *(entry for platform in PLATFORMS.values() for entry in platform.items())]:
            self.assertIn(f"[{name}]", text)
            for key in keys:
                self.assertRegex(text, rf"(?m)^(# )?{key} = ", f"[{name}] {key}")
        for key in (*VARIANT, *SHIPPING, *PRODUCT, *DEADLINE):
            self.assertRegex(text, rf"(?m)^(# )?{key} = ")
        for key in (*FILE, *PROPERTY):
            self.assertIn(f"{key} = ", text)

    def test_everything_in_it_is_valid_for_its_platform(self) -> None:
        """The example with all comments taken away, once as a Shopify store and once as a headless one."""
        whole = uncommented()
        (self.folder / "flows.toml").write_text((EXAMPLE.parent / "flows.toml").read_text())
        # A variant has a number or a SKU, not both.
        whole = whole.replace('sku = "LIGHTHOUSE-30x40"\n', "", 1)
        headless, machine = whole.index("# --- only with"), whole.index("# The machine.")
        shopify = self.write(text=whole[:headless] + whole[machine:])
        store = storefile.read(shopify)
        self.assertEqual(set(store.values["partners"]), {manifest.stand_in for manifest in partners.manifests().values()})
        self.assertIn("door/gelato/path-secret", store.secret_files)
        self.assertEqual(set(store.values["tracking"]), {"easypost", "aftership", "17track"})
        self.assertIn("call/17track/token", store.secret_files)
        only_shopify = r'(?m)^(base_url = "https://example-prints|api_version|webhook_secret_file = "secrets/shopify|admin_token_file).*\n'
        text = re.sub(only_shopify, "", whole).replace('platform = "shopify"', 'platform = "headless"')
        text = text.replace("example-prints.myshopify.com", "example-prints")
        said = self.refusal(self.write(text=text))
        self.assertIn("catalog.variants.0.store_variant: a headless store has no numbers", said)
        self.assertIn("catalog.any_variant: goes by Shopify's numbers", said)
        text = text.replace('store_variant = "43720176"', 'sku = "LIGHTHOUSE-30x40"')
        text = re.sub(r"(?ms)^\[catalog\.any_variant\]\n.*?(?=^\[)", "", text)
        broken = text.replace(', JPY = "700"', "").replace('USD = "25.00", ', "")
        said = self.refusal(self.write(text=broken))
        self.assertIn("checkout.shipping: has no way with a price in JPY", said)
        self.assertIn("checkout.products.0.prices: has none in USD", said)
        self.assertIn("checkout: sells nothing", self.refusal(self.write(text=text[: text.index("[[checkout.products]]")])))
        store = storefile.read(self.write(text=text))
        self.assertEqual(store.values["checkout"]["products"][0]["prices"]["JPY"], "3600")
        self.assertIn("call/stripe/secret-key", store.secret_files)
        self.assertNotIn("call/shopify/admin-token", store.secret_files)

    def test_its_comments_show_the_defaults(self) -> None:
        shown = tomllib.loads(uncommented())
        for name, keys in SECTIONS.items():
            section = shown
            for part in name.split("."):
                section = section.get(part, {})
            for key, rule in keys.items():
                if not rule.required and rule.default is not None and key in section:
                    self.assertEqual(section[key], rule.default, f"[{name}] {key}")

    def test_the_local_one_is_valid(self) -> None:
        store = storefile.read(LOCAL)
        self.assertEqual(store.values["store"]["mode"], "test")
        self.assertEqual(store.values["catalog"]["any_variant"], {"partner": "printful", "other_properties": "refuse"})


class TheAlertsWebhook(Files):
    def told(self, form: str, more: str = "") -> Path:
        return self.write(
            lambda text: text.replace(
                "[rules]",
                f'[alerts.webhook]\nformat = "{form}"\nurl_file = "hook"\nkey_file = "hook-key"\n{more}\n[rules]',
                1,
            )
        )

    def test_its_address_is_a_secret_and_no_part_of_the_functions_file(self) -> None:
        store = storefile.read(self.told("slack"))
        self.assertEqual(store.secret_files["call/alerts/url"].path.name, "hook")
        self.assertNotIn("call/alerts/routing-key", store.secret_files)
        self.secrets()
        for name in ("hook", "hook-key"):
            (self.folder / name).write_text("https://hooks.example.com/x\n")
        rendered = render.render(store, BASES | {"alerts": "http://127.0.0.1:4567/alerts"}, local=False)
        self.assertEqual(rendered.store["alerts"]["webhook"], {"format": "slack", "base_url": "http://127.0.0.1:4567/alerts"})
        self.assertNotIn("hooks.example.com", json.dumps(rendered.store))

    def test_pagerduty_needs_its_routing_key(self) -> None:
        self.assertIn("needs routing_key_file", self.refusal(self.told("pagerduty")))
        store = storefile.read(self.told("pagerduty", 'routing_key_file = "routing"'))
        self.assertIn("call/alerts/routing-key", store.secret_files)
        self.assertIn("alerts.webhook.format: must be slack", self.refusal(self.told("teams")))


class Mistakes(Files):
    def test_each_is_named_with_its_line(self) -> None:
        def line_of(start: str) -> int:
            return next(
                number for number, line in enumerate(EXAMPLE.read_text().splitlines(), 1) if line.startswith(start)
            )

        cases = [
            ('mode = "test"', 'mode = "tset"', "store.mode: must be live or test, not 'tset'"),
            ('mode = "test"', "mode = 1", "store.mode: must be text in quotes, not 1"),
            ('mode = "test"', 'mood = "test"', "store.mood: unknown key; did you mean mode?"),
            ("variant_id = 4012", "variant_id = 40.12", "catalog.variants.0.variant_id: must be a number, or text"),
            ('partner = "printful"', 'partner = "printfull"', "catalog.variants.0.partner: there is no [partners.printfull]"),
            ("# [tracking.easypost]", "[tracking.easypots]", "tracking.easypots: is no feed this version knows"),
            ("[deadlines]", "[deadline]", "deadline: unknown section; did you mean deadlines?"),
            ('# [[deadlines.for]]', '[[deadlines.for]]', "deadlines.for.0: needs partner, carrier or country"),
            ('# [[deadlines.for]]', '[[deadlines.for]]', "deadlines.for.0: changes nothing"),
            ('to = "owner@example.com"', 'to = "the owner"', "alerts.to: must be one plain mail address"),
            ('# color = "#1f2937"', 'color = "blue"', "brand.color: must be a colour such as #205081"),
        ]
        for old, new, words in cases:
            with self.subTest(new):
                said = self.refusal(self.write(lambda text: text.replace(old, new, 1)))
                self.assertIn(words, said)
                self.assertIn(f"store.toml:{line_of(old)}: {words.split(':')[0]}", said)

    def test_all_of_them_at_once(self) -> None:
        said = self.refusal(self.write(lambda text: text.replace('mode = "test"', "").replace("4012", '""')))
        self.assertIn("store.mode: is missing", said)
        self.assertIn("variant_id: is empty", said)

    def test_in_the_order_of_the_file_and_each_once(self) -> None:
        change = lambda text: text.replace('to = "owner@example.com"', "to = 1").replace("variant_id = 4012", "variant_id = true")  # noqa: E731
        mistakes = self.refusal(self.write(change)).splitlines()[1:]
        self.assertEqual([line.split(": ")[1] for line in mistakes], ["catalog.variants.0.variant_id", "alerts.to"])

    def test_a_key_of_the_other_platform(self) -> None:
        said = self.refusal(self.write(lambda text: text.replace('platform = "shopify"', 'platform = "headless"')))
        self.assertIn("store.api_version: is for a store of another platform", said)

    def test_what_no_key_tells_alone(self) -> None:
        said = self.refusal(
            self.write(lambda text: text.replace('# from = "orders@example.com"', 'from = "me@other.example"'))
        )
        self.assertIn("alerts.from: me@other.example does not belong to mail.identity, example.com", said)
        said = self.refusal(self.write(lambda text: text.replace("# sku", "sku")))
        self.assertIn("has store_variant and sku: keep one", said)

    def test_a_missing_section_and_a_deadline_in_words(self) -> None:
        without = self.refusal(self.write(lambda text: re.sub(r"(?ms)^\[mail\].*?(?=^\[)", "", text)))
        self.assertIn("mail.from: is missing; the file has no [mail]", without)
        words = self.refusal(self.write(lambda text: text.replace("[deadlines]\n", '[deadlines]\npartner_ships = "7 days"\n', 1)))
        self.assertIn("deadlines.partner_ships: must be a whole number of seconds, not '7 days'", words)

    def test_not_toml_and_not_there(self) -> None:
        self.assertIn("not valid TOML", self.refusal(self.write(lambda text: text + "\n=")))
        self.assertIn("Copy infra/store.toml", self.refusal(self.folder / "absent.toml"))


class Rendering(Files):
    def rendered(self, local: bool = False, change=lambda text: text) -> render.Rendered:
        return render.render(storefile.read(self.write(change)), BASES, local)

    def test_no_secret_and_no_file_name_reaches_the_packages(self) -> None:
        self.secrets()
        rendered = self.rendered()
        text = json.dumps(rendered.store)
        for secret in rendered.secrets.values():
            self.assertNotIn(f'"{secret}"', text)
        self.assertNotIn('_file"', text)
        self.assertEqual(rendered.store["store"]["base_url"], BASES["shopify"])
        self.assertEqual(rendered.store["deadlines"]["layer"], 300)
        self.assertEqual(
            sorted(rendered.secrets),
            [
                "call/printful/token",
                "call/shopify/admin-token",
                "door/printful/path-secret",
                "door/printful/webhook-secret",
                "door/shopify/webhook-secret",
            ],
        )

    def test_double_opt_in_and_klaviyo_reach_the_functions(self) -> None:
        self.secrets(**{"klaviyo-api-key": "pk_1"})
        change = lambda text: re.sub(r"# (\[klaviyo\]|api_key_file|list = |double_opt_in)", r"\1", text).replace("in = false", "in = true")  # noqa: E731
        rendered = render.render(storefile.read(self.write(change)), BASES | {"klaviyo": "https://a.klaviyo.com"}, local=False)
        self.assertTrue(rendered.store["mail"]["double_opt_in"])
        self.assertEqual(rendered.store["klaviyo"], {"list": "AbC123", "base_url": "https://a.klaviyo.com"})
        self.assertEqual(rendered.secrets["call/klaviyo/api-key"], "pk_1")
        self.secrets()
        self.assertNotIn("klaviyo", self.rendered().store)

    def test_a_base_url_of_the_owners_stays(self) -> None:
        self.secrets()
        change = lambda text: text.replace(
            '# base_url = "https://api.printful.com"', 'base_url = "http://127.0.0.1:9/x/"'
        )  # noqa: E731
        self.assertEqual(self.rendered(change=change).store["partners"]["printful"]["base_url"], "http://127.0.0.1:9/x")

    def test_every_bad_secret_is_named(self) -> None:
        self.secrets(
            **{"printful-webhook-secret": "not hex", "shopify-admin-token": "a\nb", "printful-path-secret": "short"}
        )
        (self.folder / "secrets" / "printful-token").unlink()
        with self.assertRaises(Failure) as raised:
            self.rendered()
        for words in ("must be the hex key", "must hold one line, not 2", "at least 16", "printful-token: is not there (partners.printful.token_file)"):
            self.assertIn(words, str(raised.exception))

    def test_two_lines_while_a_secret_rotates(self) -> None:
        self.secrets(**{"shopify-webhook-secret": "new\nold"})
        self.assertEqual(self.rendered().secrets["door/shopify/webhook-secret"], "new\nold")

    def test_times_that_cannot_work_together(self) -> None:
        self.secrets()
        with self.assertRaises(Failure) as raised:
            self.rendered(
                change=lambda text: text.replace("# http_timeout = 5", "http_timeout = 24").replace(
                    "# layer = 300", "layer = 200"
                )
            )
        self.assertIn("http_timeout (24) must be shorter", str(raised.exception))
        self.assertIn("deadlines.layer (200) must be at least twice", str(raised.exception))

    def test_secrets_are_made_up_only_below_our_own_folder(self) -> None:
        render.invent_missing_secrets(storefile.read(self.write()))
        self.assertFalse((self.folder / "secrets").exists())
