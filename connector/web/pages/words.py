"""What the pages for people say, in the languages of the shipped letters.

The one rule: a language has every sentence. The pages' frame is one for all of them, so that none is
left behind when a page changes. What stands in braces is put in by the page, escaped there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ...domain.spoken import language_of


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `why` is by the state in which a card cannot be spent, `why_balance` beside its end."""

    gift_card: str
    card_title: str
    issued: str
    usable_from: str
    see_balance: str
    to_spend: str
    left_of: str
    trial: str
    your_code: str
    for_whom: str
    good_at: str
    choose: str
    choose_once: str
    chosen: str
    ask: str
    why: Mapping[str, str]
    balance: str
    balance_title: str
    your_cards_code: str
    other_code: str
    see: str
    where_code: str
    ends_in: str
    why_balance: Mapping[str, str]
    unknown: str
    too_many: str
    minute: str
    minutes: str
    nothing_here: str
    lost: str


ENGLISH: Final = Words(
    gift_card="Gift card",
    card_title="Gift card of {issuer}",
    issued="Issued by {issuer} in {currency}.",
    usable_from="It can be used from {day}.",
    see_balance="See the balance at any time",
    to_spend="to spend",
    left_of="left of {amount}",
    trial="A trial: it is worth nothing",
    your_code="Your code",
    for_whom="For {name}",
    good_at="Good for {program}",
    choose="What is it for?",
    choose_once="You choose once; then it stays so.",
    chosen="Choose",
    ask="Ask {issuer} if you think that this is a mistake.",
    why={
        "expired": "This gift card has expired.",
        "disabled": "This gift card is switched off.",
        "removed": "This gift card is no longer valid.",
    },
    balance="Gift card balance",
    balance_title="Gift card balance, {issuer}",
    your_cards_code="Your card's code",
    other_code="Another card's code",
    see="See the balance",
    where_code="The code stands on the card, or on the page that your e-mail leads to.",
    ends_in="on the card that ends in {last4}",
    why_balance={
        "expired": "The card that ends in {last4} has expired.",
        "disabled": "The card that ends in {last4} is switched off.",
        "removed": "The card that ends in {last4} is no longer valid.",
    },
    unknown="{issuer} has no gift card with this code. Look at it once more: letters and digits count.",
    too_many="Too many codes were tried from where you are. Come back in {wait}.",
    minute="a minute",
    minutes="{minutes} minutes",
    nothing_here="There is nothing here",
    lost="This link is not whole, or not valid any more. Ask whoever sent you the card for a new one.",
)
GERMAN: Final = Words(
    gift_card="Gutschein",
    card_title="Gutschein von {issuer}",
    issued="Ausgegeben von {issuer} in {currency}.",
    usable_from="Er gilt ab dem {day}.",
    see_balance="Guthaben jederzeit ansehen",
    to_spend="Guthaben",
    left_of="übrig von {amount}",
    trial="Zur Probe: er ist nichts wert",
    your_code="Ihr Code",
    for_whom="Für {name}",
    good_at="Gilt für {program}",
    choose="Wofür soll er gelten?",
    choose_once="Sie wählen einmal; dann bleibt es dabei.",
    chosen="Auswählen",
    ask="Fragen Sie {issuer}, wenn Sie das für einen Irrtum halten.",
    why={
        "expired": "Dieser Gutschein ist abgelaufen.",
        "disabled": "Dieser Gutschein ist gesperrt.",
        "removed": "Dieser Gutschein ist nicht mehr gültig.",
    },
    balance="Guthaben eines Gutscheins",
    balance_title="Guthaben eines Gutscheins, {issuer}",
    your_cards_code="Der Code Ihres Gutscheins",
    other_code="Der Code eines anderen Gutscheins",
    see="Guthaben ansehen",
    where_code="Der Code steht auf dem Gutschein oder auf der Seite, zu der Ihre E-Mail führt.",
    ends_in="auf dem Gutschein, der auf {last4} endet",
    why_balance={
        "expired": "Der Gutschein, der auf {last4} endet, ist abgelaufen.",
        "disabled": "Der Gutschein, der auf {last4} endet, ist gesperrt.",
        "removed": "Der Gutschein, der auf {last4} endet, ist nicht mehr gültig.",
    },
    unknown="{issuer} hat keinen Gutschein mit diesem Code. Prüfen Sie ihn noch einmal: Buchstaben und"
    " Ziffern zählen.",
    too_many="Von Ihrem Anschluss wurden zu viele Codes versucht. Kommen Sie in {wait} wieder.",
    minute="einer Minute",
    minutes="{minutes} Minuten",
    nothing_here="Hier ist nichts",
    lost="Dieser Link ist unvollständig oder nicht mehr gültig. Bitten Sie den Absender um einen neuen.",
)
SPANISH: Final = Words(
    gift_card="Tarjeta regalo",
    card_title="Tarjeta regalo de {issuer}",
    issued="Emitida por {issuer} en {currency}.",
    usable_from="Se puede usar a partir del {day}.",
    see_balance="Consultar el saldo en cualquier momento",
    to_spend="disponibles",
    left_of="quedan de {amount}",
    trial="De prueba: no tiene ningún valor",
    your_code="Su código",
    for_whom="Para {name}",
    good_at="Válida para {program}",
    choose="¿Para qué la quiere usar?",
    choose_once="Se elige una sola vez; después no se puede cambiar.",
    chosen="Elegir",
    ask="Pregunte a {issuer} si cree que se trata de un error.",
    why={
        "expired": "Esta tarjeta regalo ha caducado.",
        "disabled": "Esta tarjeta regalo está desactivada.",
        "removed": "Esta tarjeta regalo ya no es válida.",
    },
    balance="Saldo de una tarjeta regalo",
    balance_title="Saldo de una tarjeta regalo, {issuer}",
    your_cards_code="El código de su tarjeta",
    other_code="El código de otra tarjeta",
    see="Ver el saldo",
    where_code="El código está en la tarjeta o en la página a la que lleva su correo.",
    ends_in="en la tarjeta que termina en {last4}",
    why_balance={
        "expired": "La tarjeta que termina en {last4} ha caducado.",
        "disabled": "La tarjeta que termina en {last4} está desactivada.",
        "removed": "La tarjeta que termina en {last4} ya no es válida.",
    },
    unknown="{issuer} no tiene ninguna tarjeta regalo con este código. Revíselo: cuentan letras y cifras.",
    too_many="Se han probado demasiados códigos desde su conexión. Vuelva dentro de {wait}.",
    minute="un minuto",
    minutes="{minutes} minutos",
    nothing_here="Aquí no hay nada",
    lost="Este enlace está incompleto o ya no es válido. Pida uno nuevo a quien le envió la tarjeta.",
)
FRENCH: Final = Words(
    gift_card="Carte cadeau",
    card_title="Carte cadeau de {issuer}",
    issued="Émise par {issuer} en {currency}.",
    usable_from="Elle est utilisable à partir du {day}.",
    see_balance="Consulter le solde à tout moment",
    to_spend="à dépenser",
    left_of="restants sur {amount}",
    trial="Un essai : elle n’a aucune valeur",
    your_code="Votre code",
    for_whom="Pour {name}",
    good_at="Valable pour {program}",
    choose="À quoi doit-elle servir ?",
    choose_once="Le choix se fait une seule fois et ne change plus.",
    chosen="Choisir",
    ask="Contactez {issuer} si vous pensez qu’il s’agit d’une erreur.",
    why={
        "expired": "Cette carte cadeau a expiré.",
        "disabled": "Cette carte cadeau est désactivée.",
        "removed": "Cette carte cadeau n’est plus valable.",
    },
    balance="Solde d’une carte cadeau",
    balance_title="Solde d’une carte cadeau, {issuer}",
    your_cards_code="Le code de votre carte",
    other_code="Le code d’une autre carte",
    see="Voir le solde",
    where_code="Le code figure sur la carte ou sur la page à laquelle mène votre e-mail.",
    ends_in="sur la carte qui se termine par {last4}",
    why_balance={
        "expired": "La carte qui se termine par {last4} a expiré.",
        "disabled": "La carte qui se termine par {last4} est désactivée.",
        "removed": "La carte qui se termine par {last4} n’est plus valable.",
    },
    unknown="{issuer} n’a pas de carte cadeau avec ce code. Vérifiez-le : lettres et chiffres comptent.",
    too_many="Trop de codes ont été essayés depuis votre connexion. Revenez dans {wait}.",
    minute="une minute",
    minutes="{minutes} minutes",
    nothing_here="Il n’y a rien ici",
    lost="Ce lien est incomplet ou n’est plus valable. Demandez-en un nouveau à qui vous a envoyé la carte.",
)
SPOKEN: Final[Mapping[str, Words]] = {"en": ENGLISH, "de": GERMAN, "es": SPANISH, "fr": FRENCH}


def words_of(locale: str) -> Words:
    """The words of a locale's language, English where we have none."""
    return SPOKEN.get(language_of(locale), ENGLISH)
