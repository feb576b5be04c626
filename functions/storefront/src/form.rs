//! A cart sent by a plain HTML form, for shops whose pages run no script: `cart=…&sku=A&quantity=2&sku=B&quantity=1`.

use store::headless::cart::{Cart, Item};

/// Reads the fields `cart`, `currency`, `email`, and pairs of `sku` and `quantity` in their order. Other fields are the page's own.
pub(crate) fn cart(body: &[u8]) -> Result<Cart, String> {
    let text =
        std::str::from_utf8(body).map_err(|_| "The form is no text. Reload the page and try again.".to_owned())?;
    let mut cart = Cart { cart: String::new(), items: Vec::new(), currency: None, email: None };
    let mut sku: Option<String> = None;
    for field in text.split('&').filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        let value = decoded(value).ok_or("The form cannot be read. Reload the page and try again.")?;
        match name {
            "cart" => cart.cart = value,
            "currency" => cart.currency = Some(value).filter(|value| !value.is_empty()),
            "email" => cart.email = Some(value).filter(|value| !value.is_empty()),
            "sku" => sku = Some(value),
            "quantity" => {
                let sku = sku.take().ok_or("A quantity stands before its product. Reload the page and try again.")?;
                let quantity = value.trim().parse();
                let quantity = quantity.map_err(|_| "A quantity is no whole number. Correct it and try again.")?;
                cart.items.push(Item { sku, quantity });
            }
            _ => {}
        }
    }
    Ok(cart)
}

/// `%C3%BC` and `+` as browsers write them; `None`: no text.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_the_same_cart_as_json() {
        let form = cart(
            b"cart=cart-0001&sku=LIGHT%20HOUSE&quantity=2&email=ada%40example.com&currency=&sku=B&quantity=1&go=Buy",
        );
        let json = br#"{"cart":"cart-0001","items":[{"sku":"LIGHT HOUSE","quantity":2},{"sku":"B","quantity":1}],
            "email":"ada@example.com"}"#;
        assert_eq!(form.unwrap(), serde_json::from_slice(json).unwrap());
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_words() {
        for body in [
            &b"quantity=1"[..],
            b"sku=A&quantity=-1",
            b"sku=A&quantity=1.5",
            b"cart=%zz",
            b"cart=%F",
            b"\xff",
            b"cart=%FF",
        ] {
            let words = cart(body).unwrap_err();
            assert!(words.contains("try again"), "{words}");
        }
        assert_eq!(decoded("a+b%2B"), Some("a b+".into()));
    }
}
