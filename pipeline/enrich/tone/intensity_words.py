"""The words of heat in five languages (English, German, Spanish, French, Portuguese), as data.

In: nothing. Out: phrases by comma. Never here: how they are counted (`intensity.py`). Written as people write,
lower
case; accents and apostrophes do not matter there. The lists are short on purpose: heat shows first in what
needs no language (capitals, exclamation marks, stretched letters, emoji).
"""

INTENSIFIERS = """
    very, really, extremely, absolutely, totally, completely, utterly, incredibly, ridiculously, seriously,
    literally, worst, terrible, horrible, awful, horrendous, appalling, atrocious, disgusting, disgusted, disgrace,
    disgraceful, outrageous, unacceptable, unbelievable, ridiculous, pathetic, useless, furious, livid, fuming,
    hate, fed up, sick of, sick and tired, had enough, joke, shame on, shameful, never again, how dare, insane,
    nightmare, amazing, incredible, awesome, best ever, love love,
    sehr, total, extrem, absolut, vollig, komplett, unfassbar, unglaublich, unverschamt, unverschamtheit,
    frechheit, katastrophe, katastrophal, furchtbar, schrecklich, grauenhaft, ekelhaft, widerlich, lacherlich,
    inakzeptabel, stinksauer, wutend, hasse, nie wieder, es reicht, schnauze voll, nase voll, schande,
    schlimmste, schlechteste, wahnsinn,
    muy, super, demasiado, totalmente, absolutamente, completamente, increible, increiblemente, pesimo, pesima,
    horrible, terrible, fatal, asqueroso, asco, verguenza, inaceptable, indignante, indignado, indignada, harto,
    harta, odio, nunca mas, ya basta, ridiculo, peor, furioso, furiosa, desastre,
    tres, trop, vraiment, totalement, absolument, completement, extremement, tellement, incroyable, inadmissible,
    inacceptable, honteux, honte, scandaleux, scandale, horrible, affreux, catastrophique, degueulasse, ridicule,
    marre, ras le bol, furieux, furieuse, deteste, plus jamais, pire, nul,
    muito, demais, super, totalmente, absolutamente, completamente, extremamente, incrivel, inaceitavel, absurdo,
    absurda, pessimo, pessima, horrivel, terrivel, vergonha, vergonhoso, nojo, nojento, ridiculo, lixo, odeio,
    furioso, furiosa, nunca mais, chega, pior, cansado de, cansada de
"""
"""What makes a statement stronger, praise too: heat has no sign."""

SWEARING = """
    fuck, fucks, fucked, fuckin, fucking, fuckers, fucker, motherfucker, motherfucking, wtf, wth, ffs, stfu,
    gtfo, omfg, shit, shits, shitty, shittiest, bullshit, bs, crap, crappy, damn, damned, goddamn, dammit,
    bloody, bastard, bastards, bitch, bitches, asshole, assholes, arsehole, ass, arse, dumbass, dick, dickhead,
    prick, wanker, wankers, bollocks, piss, pissed, sucks, suck, the hell, idiot, idiots, moron, morons, stupid,
    screw you, scumbag, scumbags, douche, scheisse, scheiss, scheissladen, drecksladen, verdammt, verdammte,
    verdammter, verfickt, verfickte, arsch, arschloch, arschlocher, so ein mist, mistladen, kacke, kotzt, zum
    kotzen, fick, leck mich, verarscht, verarschen, idioten, saftladen, penner, wichser, hurensohn,
    mierda, joder, jodido, jodida, puta, puto, putos, putas, que cono, cabron, cabrones, gilipollas, pendejo,
    pendejos, carajo, chingada, chingar, verga, hijo de puta, hijos de puta, hdp, idiotas, imbeciles, cojones,
    malditos, maldita, merde, putain, ptn, bordel, connard, connards, connasse, conneries, foutre, foutage,
    foutez, enfoires, chier, salauds, salopards, encules, fdp, idiots, batards, nique,
    merda, porra, caralho, crl, puta que pariu, pqp, vsf, vtnc, foda, fodase, foder, fodido, bosta, cacete,
    desgraca, desgracados, filho da puta, filhos da puta, fdp, otario, otarios, babaca, babacas, idiotas,
    palhacada, arrombados
"""
"""Swearing and insults, of anybody or nobody."""

THREATS = """
    you will regret, you'll regret, you will pay for this, you'll pay for this, watch your back, i know where
    you live, i will find you, i'll find you, i will kill you, i'll kill you, kill you all, gonna kill, burn it
    down, burn you down, burn your, smash your, punch you, punch your, beat you up, blow up your, destroy you,
    ruin you, make you pay, come for you, coming for you, last warning, final warning, you have been warned, or
    else, expose you, exposing you, go to the press, tell everyone, everyone will know, see you in court, sue
    you, lawyer, lawsuit, legal action, werdet ihr bereuen, wirst du bereuen, werdet es bereuen, wirst es
    bereuen, letzte warnung, sonst knallt, sonst gibt's, ich bringe euch um, ich bring euch um, ich finde euch,
    abfackeln, anzunden, ihr hort von meinem anwalt, anwalt, verklagen, verklage, an die presse, offentlich machen,
    se van a arrepentir, te vas a arrepentir, lo van a pagar, lo vas a pagar, los voy a matar, te voy a matar,
    los voy a encontrar, ultima advertencia, ultimo aviso, voy a quemar, los voy a denunciar, voy a denunciar,
    demandar, los voy a demandar, mi abogado, a la prensa, atenganse a,
    vous allez le regretter, tu vas le regretter, vous allez payer, tu vas payer, je vais vous tuer, je vais te
    tuer, je vous retrouverai, dernier avertissement, vais tout casser, bruler votre, porter plainte, mon
    avocat, a la presse, voces vao se arrepender, vao se arrepender, vai se arrepender, vao pagar por isso, vai
    pagar por isso, vou matar, vou te matar, vou achar voces, ultimo aviso, vou quebrar tudo, botar fogo, vou
    processar, meu advogado, procon, na imprensa
"""
"""What the writer says will happen to the reader."""

ANGRY_EMOJI = "😠😡🤬👿😾💢🖕😤💩🤮🤢👎🗯💥🔪🧨"
"""Faces and signs of anger and disgust."""
