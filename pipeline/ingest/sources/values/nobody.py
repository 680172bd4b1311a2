"""Knows the names that networks print for authors whom they do not name, so that strangers stay strangers.

The names are those of the networks' own pages and interfaces in their languages.
"""

import re
import unicodedata
from collections.abc import Iterable

_NAMES = """
[deleted] | [removed] | deleted | removed | deleted user | deleted account | suspended | account suspended
gelöschter nutzer | gelöschter benutzer | gelöschtes konto | utilisateur supprimé | compte supprimé
usuario eliminado | cuenta eliminada | usuário excluído | usuário removido | utente eliminato | account eliminato
verwijderde gebruiker | użytkownik usunięty | удалённый пользователь | удаленный пользователь | 削除されたユーザー
已删除的用户 | 탈퇴한 사용자
a google user | google user | ein google nutzer | google nutzer | un utilisateur de google
un utilisateur google | utilisateur google | utilisateur de google | un usuario de google | usuario de google
um usuário do google | um utilizador do google | usuário do google | un utente di google | un utente google
utente google | een google gebruiker | google gebruiker | użytkownik google | пользователь google
користувач google | google ユーザー | google 사용자 | google 用户 | 一位 google 用户 | google 使用者
bir google kullanıcısı | google kullanıcısı | en google användare | google användare | en google bruker
en google bruger | google käyttäjä | uživatel google | používateľ google | egy google felhasználó
google felhasználó | utilizator google | un utilizator google | χρήστης google | משתמש google
مستخدم google | ผู้ใช้ google | người dùng google | pengguna google
anonymous | anonymous user | anonym | anonymer nutzer | anonymer benutzer | anonyme | utilisateur anonyme | anónimo
anonimo | anônimo | usuario anónimo | usuário anônimo | utente anonimo | anoniem | anonim | anonymní | аноним
анонимный пользователь | 匿名 | 匿名ユーザー | 匿名用户 | 익명 | ανώνυμος | مجهول
facebook user | facebook nutzer | facebook benutzer | utilisateur facebook | utilisateur de facebook
usuario de facebook | usuário do facebook | utente facebook | utente di facebook | facebook gebruiker
użytkownik facebooka | instagram user | instagram nutzer | utilisateur instagram | usuario de instagram
amazon customer | amazon kunde | kindle kunde | kindle customer | client d'amazon | client amazon | cliente amazon
cliente de amazon | amazon.de kunde | youtube user | trustpilot user
guest | gast | invité | invitado | ospite | visitor | unknown | unknown user | unbekannt | inconnu | desconocido
sconosciuto | no name | noname | not available | kunde | customer | user | nutzer | consumer
n.n. | n. n. | k.a. | k. a. | 0 | -1
"""
_SIGNS = re.compile(r"[\s_\-‐–]+")


def _folded(name: str) -> str:
    plain = _SIGNS.sub(" ", unicodedata.normalize("NFKC", name)).strip().casefold()
    for prefix in ("/u/", "u/"):
        plain = plain.removeprefix(prefix)
    if len(plain) > 2 and plain[0] + plain[-1] in ("[]", "()", "<>"):
        plain = plain[1:-1].strip()
    return plain


NOBODY = frozenset(_folded(name) for line in _NAMES.strip().splitlines() for name in line.split("|"))
"""Every such name, without brackets, and in the form that `stands_for_nobody` compares."""
_LONGEST = max(map(len, NOBODY)) + 8
_MASK = "**"
"""Shops print a***n for names that they hide, so that many people have one."""
_LETTERS = 3
_BEGINNINGS = frozenset(name[:_LETTERS] for name in NOBODY)


def stands_for_nobody(name: str, others: Iterable[str] = ()) -> bool:
    """Tells whether a name stands for an author whom the network does not name.

    Args:
        name: in any letters, with blanks, dashes or underscores.
        others: more such names, of one source.
    """
    if _MASK in name or not any(sign.isalnum() or sign > "\x7f" for sign in name):
        return bool(name.strip())
    if not others and (len(name) > _LONGEST or _begins_otherwise(name)):
        return False
    plain = _folded(name)
    return plain in NOBODY or any(plain == _folded(other) for other in others)


def _begins_otherwise(name: str) -> bool:
    # Most names are told apart by their first letters, without the cost of folding them.
    begin = name[:_LETTERS]
    return begin.isascii() and begin.isalpha() and begin.lower() not in _BEGINNINGS
