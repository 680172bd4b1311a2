"""Features of a text that show the intent head what a mean over all words blurs, such as a question mark.

A feature is one number, and no feature decides alone, because the head in `model` weighs each with the embedding.
The words are English, as the model is. Each pattern is bounded, so that no text takes long. Whoever changes a
pattern trains the head again (`python -m pipeline.train.intents`).
"""

import math
import re
from collections.abc import Mapping

from pipeline.enrich.reading.linear import ends_of

_CLAUSE = r"[^.!?;]{0,150}"

_OPENER = (
    r"(?:what|when|where|which|who|whose|whom|how(?! come)|is|are|am|was|were|do|does|did|can|could|will|would|"
    r"should|shall|may|has|have|had|any|anyone|anybody|whats|what's|where's|when's|how's|who's)\b"
)
_INVERSION = (
    r"\b(?:is|are|am|was|were|do|does|did|can|could|will|would|should|shall|may|has|have|had) (?:i|u|you|we|they|"
    r"he|she|it|there|this|that|these|those|the|my|your|our|any\w*|some(?:one|body)|y'?all)\b"
)
_LEAD = r"(?:^|[,:;.!)(-] ?|\b(?:and|so|but|or|then|wondering|know|tell me|say|ask|hi|hey|hello|please|also) )"
_GREETING = r"@user|hi|hey|hello|so|and|ok|dear"

_WITH_QUESTION_MARK: Mapping[str, str] = {
    "mark": r"\?",
    "marks": r"[?!] ?\?|\? ?!",
    "ends on a mark": r"\?(?: (?:http|thanks|thank you|x|[^\w\s]\S*))*$",
    "asks": rf"{_LEAD}(?:@user )?{_OPENER}{_CLAUSE}\?",
    "inverts": rf"{_INVERSION}{_CLAUSE}\?",
}
"""These are not looked for in a text without a question mark, which most texts are."""
_WITHOUT_QUESTION_MARK: Mapping[str, str] = {
    "inverts without a mark": rf"^(?:(?:{_GREETING}|how|what|when|where)[ ,.!:-]+){{0,8}}{_INVERSION}[^?]*$",
    "asks why": r"\b(?:why|how come)\b",
    "opens as a question": rf"^(?:(?:{_GREETING}|question)[ ,.!:-]+){{0,8}}{_OPENER}",
    "asks somebody": (
        r"\b(?:(?:can|could|would|will) (?:you|i|we|someone|somebody|anyone)|(?:is|are) there|is it possible|"
        r"how (?:do|can|to|does|long|much|many))\b"
    ),
    "wants to know": (
        r"\b(?:any(?:one|body)? (?:know|idea|news|update|chance|word|recommendation\w*|advice|way)|wondering|"
        r"let me know|(?:have a|my|quick|few) questions?|(?:want to|wanna|like to) know|tell me|"
        r"(?:who|where|what|how) (?:do|can|should|could) i|do i (?:need|have) to)\b"
    ),
    "wants help": (
        r"\b(?:need (?:some |your )?(?:help|info\w*)|help me (?:with|out)|(?:speak|talk) (?:to|with)|contact me|"
        r"(?:please|kindly|pls|plz) (?:advise|help|provide|send|dm|call|update|check|confirm)|dm me)\b"
    ),
    "wants it mended": (
        r"\b(?:(?:can|could|will|would|when) (?:you|u|i|we|someone|somebody|anyone|any of you)\b[^.!?]{0,30}?\b"
        r"(?:help|fix|sort|solve|stop|look into|look at|gonna)|(?:pls|plz|please) (?:fix|help)|"
        r"fix (?:it|this|your))\b"
    ),
    "has a fault": (
        r"\b(?:(?:doesn't|don't|won't|can't|not|isn't|didn't|never|stopped) (?:\w{1,20} )?(?:work\w*|load\w*|"
        r"open\w*|respond\w*|arriv\w*|receiv\w*|connect\w*|show\w*|let\w*|play\w*|get\b|got\b)|"
        r"(?:having|have) (?:an? |some )?(?:issues?|trouble|problems?)\b|keeps? \w{1,20}ing\b|error\b|crash|"
        r"still no\b)"
    ),
    "insists": r"\b(?:even|ever|seriously|actually|really|already|gonna|the hell|tf|wtf|literally|just)\b",
    "law or press": (
        r"\b(?:lawyers?|attorney|solicitor|barrister|courts?|sue|suing|sued|lawsuit|legal|illegal|unlawful|law|"
        r"ombudsman|regulator|police|journalist|reporter|press|media|gdpr|trading standards|class action|bbb|"
        r"better business|fcc|newspaper|article|interview)\b"
    ),
    "job": (
        r"\b(?:jobs?|hiring|hire|hired|vacanc\w+|careers?|resume|cv|interview|interns?|internships?|recruit\w*|"
        r"apprentice\w*|employ\w+|openings?|appl(?:y|ied|ication\w*)|work (?:for|at) you)\b"
    ),
    "money": (
        r"\$[a-z]{2,5}\b|\b(?:shares?|shareholders?|stocks?|invest\w*|dividend\w*|earnings|ipo|valuation|quarterly|"
        r"q[1-4]|bonds?|analysts?|agm|takeover)\b"
    ),
    "leaves": (
        r"\b(?:cancel(?:l?ing|l?ed)? (?:my|our|the|with)|switch(?:ed|ing)?|leaving|never (?:again|\w{1,20}ing)|"
        r"(?:not|won't|never) (?:be |come |coming |going )?back|(?:close|delete|deleted|closing) my|unsubscri\w+|"
        r"elsewhere|goodbye|bye|last time|done with|not renew\w*|lost (?:a|me|my|this)|from now on|"
        r"stop being a customer|another (?:company|provider|bank|airline))\b"
    ),
    "idea": (
        r"\b(?:please (?:add|make|let|bring|give|put|consider|allow|open)|you (?:should|could)|"
        r"would be (?:so )?(?:nice|great|cool|good|awesome|better)|i wish|wish you|bring back|features?|ideas?|"
        r"suggest\w*|why not|how about|consider|imagine|option to|needs? (?:a|an|to))\b"
    ),
    "buys": (
        r"\b(?:buy|buying|purchase|price|how much|pre-?order\w*|discount|promo|deals?|offers?|interested in|"
        r"looking (?:for|to)|thinking (?:of|about)|in stock|quote|sign up|i want (?:one|this|the)|available)\b"
    ),
    "advises": (
        r"\b(?:recommend\w*|should (?:all )?try|must have|go for|avoid|don't (?:buy|use|bother)|trust me|"
        r"worth (?:it|a|the)|try (?:the|this|it|them)|you (?:have|need) to|everyone|everybody|get the)\b"
    ),
    "thanks": r"\b(?:thanks?|thx|ty|cheers|appreciate\w*|grateful)\b",
    "likes": (
        r"<3|\b(?:love|loving|great|kudos|best|amazing|awesome|brilliant|lovely|shout ?out|well done|perfect|"
        r"excellent|happy|wonderful|impressed|hats off|delicious|friendly|bravo|beautiful|favou?rite|yay)\b"
    ),
    "problem": (
        r"\b(?:not|no|never|nothing|nobody|still|again|wrong|broken|error|fix|issues?|problems?|waiting|waited|"
        r"late|delay\w*|worst|refund|can't|cannot|won't|doesn't|didn't|isn't|don't|lost|charged|rude|useless|"
        r"down)\b"
    ),
    "smiles": r"(?<!\S)(?::d|:\)|;\)|:p|:\*|lol|haha\w*)(?!\S)",
    "exclaims": r"!",
    "link": r"\bhttp\b",
}
_MARK_PATTERNS = tuple(re.compile(pattern) for pattern in _WITH_QUESTION_MARK.values())
_OTHER_PATTERNS = tuple(re.compile(pattern) for pattern in _WITHOUT_QUESTION_MARK.values())
_NO_MARK = [0.0] * len(_MARK_PATTERNS)

INTENT_FEATURES = (*_WITH_QUESTION_MARK, *_WITHOUT_QUESTION_MARK, "words", "few words", "very few words")
"""The names of the features, in the order of the numbers."""


def intent_features(text: str) -> list[float]:
    """Returns the `INTENT_FEATURES` of a normalised text.

    Each is 0 or 1, but `words` is the logarithm of one more than the number of words.
    """
    # Small letters once, because matching without case would take longer for each of the patterns.
    text = ends_of(text)
    marked = [float(pattern.search(text) is not None) for pattern in _MARK_PATTERNS] if "?" in text else _NO_MARK
    unmarked = [float(pattern.search(text) is not None) for pattern in _OTHER_PATTERNS]
    words = sum(word not in ("@user", "http") for word in text.split())
    return [*marked, *unmarked, math.log1p(words), float(words <= 7), float(words <= 3)]
