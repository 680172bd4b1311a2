"""Texts of odd characters, for properties that must hold whatever somebody writes."""

from hypothesis import strategies as st

ODD = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "aZé_#@·&;'’nt \n\u0301\u200d\u200b\u00ad\ufe0f🔥🏽🇺🇸ﬁßİıǅ½²ﷺ가\u1100\u1161ㅋカｶﾞ\u3099火ั้กकी्ёй\u0306أَـ"
        ),
    ),
    max_size=40,
)
