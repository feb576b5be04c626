"""Which partner a section is, and what the sandbox is told of it."""

from __future__ import annotations

import tomllib
import unittest
from types import SimpleNamespace
from typing import Any

from cli import partners, places, storefile, up
from cli.render import Rendered
from cli.say import Failure
from cli.tests.test_store import EXAMPLE, Files

SHOP = {"platform": "shopify", "shop": "example-prints.myshopify.com", "api_version": "2026-10"}


class Kinds(Files):
    def test_a_section_is_what_its_kind_or_its_name_says(self) -> None:
        """The same rule as `PartnerSection::kind`, for every partner that has a folder."""
        for kind, manifest in partners.manifests().items():
            self.assertIs(partners.of_section(kind, {}), manifest)
            self.assertIs(partners.of_section(kind, {"kind": kind}), manifest)
            self.assertIs(partners.of_section("prints-eu", {"kind": kind}), manifest)
        self.assertIsNone(partners.of_section("prints-eu", {}))
        self.assertIsNone(partners.of_section("printful", {"kind": "oak"}), "the kind counts, not the name")
        self.assertIsNone(partners.of_section("printful", {"kind": ["printful"]}))

    def test_two_accounts_at_one_partner(self) -> None:
        section = '\n[partners.prints-eu]\nkind = "printful"\n' + "".join(
            f'{key} = "secrets/eu-{key}"\n' for key in ("token_file", "webhook_secret_file", "path_secret_file")
        )
        store = storefile.read(self.write(lambda text: text + section))
        self.assertEqual(store.values["partners"]["prints-eu"]["kind"], "printful")
        self.assertIn("call/prints-eu/token", store.secret_files)
        self.assertIn("call/printful/token", store.secret_files)

    def test_a_name_that_is_no_partner_says_what_to_write(self) -> None:
        said = self.refusal(self.write(lambda text: text.replace("[partners.printful]", "[partners.printfull]", 1)))
        self.assertIn("partners.printfull: is no partner this version knows", said)
        self.assertIn("did you mean printful?", said)
        self.assertIn('kind = "http"', said)


class Sandbox(unittest.TestCase):
    def bases(self, sections: dict[str, Any]) -> dict[str, str]:
        choices = SimpleNamespace(sandbox="http://127.0.0.1:4567")
        return up.sandbox_bases(choices, SimpleNamespace(values={"partners": sections, "tracking": {}}))  # type: ignore[arg-type]

    def test_each_partner_below_its_name_as_its_own_address_goes_on(self) -> None:
        found = self.bases({"printify": {}, "gelato": {}, "workshop": {"kind": "http"}})
        self.assertEqual(found["printify"], "http://127.0.0.1:4567/printify/v1")
        self.assertEqual(found["gelato"], "http://127.0.0.1:4567/gelato")
        self.assertEqual(found["workshop"], "http://127.0.0.1:4567/workshop")

    def test_what_it_cannot_play_is_said_with_the_name_it_can(self) -> None:
        elsewhere = {"base_url": "http://127.0.0.1:9000"}
        with self.assertRaisesRegex(Failure, r"\[partners\.prints-eu\].*\[partners\.printful\]"):
            self.bases({"prints-eu": {"kind": "printful"}})
        self.bases({"prints-eu": {"kind": "printful"} | elsewhere})
        self.assertEqual(self.bases({"oak": {"kind": "http"}})["oak"], "http://127.0.0.1:4567/workshop")
        with self.assertRaisesRegex(Failure, r"\[partners\.oak\] and \[partners\.ash\]"):
            self.bases({"oak": {"kind": "http"}, "ash": {"kind": "http"}})
        self.bases({"oak": {"kind": "http"}, "ash": {"kind": "http"} | elsewhere})

    def test_secrets_variants_and_the_account_in_the_owners_words(self) -> None:
        local = tomllib.loads((places.LOCAL_DEFAULTS / "store.toml").read_text())
        local["partners"]["printful"]["store_id"] = "12"
        local["partners"]["oak"] = {"kind": "http", "base_url": "http://127.0.0.1:9000"}
        names = ["door/printful/webhook-secret", "call/shopify/admin-token", *(f"call/{name}/token" for name in local["partners"])]
        store = {"store": SHOP, "partners": local["partners"], "tracking": {}, "catalog": local["catalog"]}
        rendered = Rendered(store, {name: f"{name}\nold" for name in names}, {}, "us-east-1")
        choices = SimpleNamespace(
            port=4566, emulator="http://127.0.0.1:4566", sandbox="http://127.0.0.1:4567", stack="baton"
        )
        config = up.sandbox_config(choices, rendered)  # type: ignore[arg-type]
        self.assertEqual(
            config["printful"],
            {
                "token": "call/printful/token",
                "webhook_secret": "door/printful/webhook-secret",
                "variants": ["4012"],
                "store_id": 12,
            },
        )
        self.assertEqual(config["printify"]["shop_id"], 101)
        self.assertEqual(config["printify"]["variants"], ["65aa00000000000000000001:4012"])
        self.assertEqual(config["gelato"]["variants"], ["sandbox_product_poster_30x40-cm_ver"])
        workshop = {"name": "workshop", "token": "call/workshop/token", "variants": ["oak-30x40"]}
        self.assertEqual(config["workshop"], workshop)
        self.assertNotIn("oak", config, "it is somebody else's")
        self.assertEqual(config["shopify"]["admin_token"], "call/shopify/admin-token")


class TheExampleNames(unittest.TestCase):
    def test_every_partner_stands_in_it(self) -> None:
        text = EXAMPLE.read_text()
        for manifest in partners.manifests().values():
            self.assertIn(f"[partners.{manifest.stand_in}]", text)
