"""The words of urgency in five languages (English, German, Spanish, French, Portuguese), as data.

In: nothing. Out: phrases by kind, what looks like them and is not, and the words that deny or end. Never here: how
they are looked for (`urgency.py`). Written as people write, lower case; accents and apostrophes do not matter
there.
A lone word stands here only where most posts that hold it mean it: "fire" mostly does not, "on fire" mostly does.
"""

from collections.abc import Mapping

from schemas.posts.signals import UrgencyKind

PHRASES: Mapping[UrgencyKind, str] = {
    "safety": """
        on fire, caught fire, catching fire, house fire, engine fire, battery fire, electrical fire, fire in
        the,
        fire on board, there is a fire, there is fire, there's a fire, started a fire, burst into flames, in
        flames, smoke, smoking battery, smell gas, smelling gas, gas leak, gas smell, smell of gas, carbon
        monoxide, smell of burning, burning smell, smells of burning, exploded, explosion, exploding, sparks
        flying, sparking, electric shock, electrocuted, live wire, exposed wires, overheated, overheating,
        burned my, burnt my, dangerous, unsafe, not safe, isn't safe, feel unsafe, don't feel safe, fire
        hazard, health hazard, safety hazard, hazardous, life threatening, emergency landing, medical
        emergency, this is an emergency, in an
        emergency, real emergency, ambulance, call 911, called 911, call 999, paramedics, is bleeding, i'm
        bleeding, bleeding from, stop bleeding,
        unconscious, someone collapsed, passenger collapsed, has collapsed, not breathing, can't breathe,
        cannot breathe, heart attack, seizure, allergic reaction,
        anaphylaxis, anaphylactic, food poisoning, poisoned, choking hazard, choked on, chest pain, got
        injured,
        was injured, is injured, been injured, injured my, personal injury, caused injury, serious injury, got
        hurt, someone was hurt, hospitalised, hospitalized, rushed to hospital, in hospital because, brake
        failure, brakes failed, brakes don't work, brakes not working, run over by, hit by your, assaulted,
        attacked by, being followed, harassed by your, stalking me, bomb threat, has a gun, has a knife, drunk
        driver, driver was drunk, driver is drunk, falling asleep at the wheel, trapped inside, brennt, in
        brand, in flammen, feuer gefangen, feuer ausgebrochen, es brennt, rauch, qualm, rauchentwicklung,
        gasgeruch, riecht nach gas, gasleck, kohlenmonoxid, explodiert, explosion, stromschlag, uberhitzt,
        gefahrlich, lebensgefahr, lebensgefahrlich, lebensbedrohlich, nicht sicher, notfall, notlandung,
        notarzt, krankenwagen, rettungswagen, blutet, bewusstlos, bekomme keine luft, kriege keine luft,
        herzinfarkt, krampfanfall, allergische reaktion, allergischer schock, lebensmittelvergiftung,
        vergiftet,
        mich verletzt, sich verletzt, wurde verletzt, kind verletzt, schwer verletzt, verletzungsgefahr,
        verbrannt, bremsen versagt, bremsen funktionieren nicht, bedroht, angegriffen, en llamas, se incendio,
        incendio, hay fuego, se prendio fuego, prendio fuego, humo, huele a gas, olor a gas, fuga de gas,
        escape
        de gas, monoxido de carbono, explosion, exploto, explotado, estallo, descarga electrica,
        cortocircuito,
        peligroso, peligrosa, peligro, no es seguro, no es segura, emergencia, aterrizaje de emergencia,
        ambulancia, sangrando, inconsciente, no puedo respirar, infarto, convulsiones, reaccion alergica,
        intoxicacion, intoxicado, intoxicada, envenenado, herido, herida, heridos, lesionado, lesionada, se
        quemo, me queme, frenos fallaron, fallaron los frenos, amenaza de bomba, me agredio, agresion, acoso,
        en
        feu, a pris feu, prend feu, pris feu, incendie, il y a le feu, flammes, fumee, odeur de gaz, sent le
        gaz, fuite de gaz, monoxyde de carbone, explose, a explose, electrocute, decharge electrique, choc
        electrique, surchauffe, court circuit, dangereux, dangereuse, en danger, danger de mort, danger pour,
        pas en securite, urgence medicale,
        c'est une urgence, atterrissage d'urgence, ambulance, le samu, les pompiers, saigne, inconscient, ne
        peux pas respirer, n'arrive pas a respirer, crise cardiaque, reaction allergique, choc allergique,
        intoxication, empoisonne, blesse, blessee, blesses, blessure, blessures, freins ont lache, agresse,
        agressee, agression, alerte a la bombe, pegou fogo, pegando fogo, em chamas, incendio, esta queimando,
        fumaca, fumo no, cheiro de gas, cheira a gas, vazamento de gas, fuga de gas, monoxido de carbono,
        explodiu, explosao, choque eletrico, curto circuito, superaqueceu, superaquecendo, perigoso, perigosa,
        perigo, nao e seguro, emergencia, pouso de emergencia, aterragem de emergencia, ambulancia, sangrando,
        inconsciente, nao consigo respirar, infarto, enfarte, convulsao, reacao alergica, intoxicacao,
        intoxicado, intoxicada, envenenado, ferido, ferida, feridos, machucou, machucado, lesao, freio falhou,
        freios falharam, ameaca de bomba, me agrediu, agressao, assedio
    """,
    "self-harm": """
        suicide, suicidal, kill myself, killing myself, end my life, ending my life, take my own life,
        end it all, ending it all, want to die, wanna die, better off dead, no reason to live, don't want to
        live, don't want to be here anymore, don't want to be alive, hurt myself, hurting myself, harm myself,
        harming myself, self harm, selfharm, cut myself again, cutting myself, gonna kms, going to kms, wanna
        kms, want to kms, might kms, hang myself, overdose, goodbye forever, can't go on living, nothing to
        live
        for, selbstmord, suizid, suizidal, suizidgedanken, selbstmordgedanken, mich umbringen, bringe mich um,
        bring mich um, mir das leben nehmen, nehme mir das leben, will sterben, mochte sterben, will nicht
        mehr
        leben, mochte nicht mehr leben, kann nicht mehr leben, selbstverletzung, mich selbst verletzen, mich
        ritzen, ritze mich, keinen grund zu leben, lebensmude,
        suicidio, suicidarme, suicida, me voy a suicidar, matarme, me voy a matar, me quiero matar,
        quiero morir, quiero morirme, me quiero morir, quitarme la vida, no quiero vivir, no quiero seguir
        viviendo, acabar con mi vida, terminar con mi vida, hacerme dano, me autolesiono, autolesion,
        autolesiones, sin ganas de vivir, razones para vivir,
        suicidaire, suicider, me suicider, me tuer, envie de mourir, veux mourir, vais me tuer, mettre fin a
        mes
        jours, en finir avec la vie, plus envie de vivre, ne veux plus vivre, me faire du mal, automutilation,
        me scarifier, me pendre, m'oter la vie, aucune raison de vivre,
        suicidar, me suicidar, me matar, vou me matar, quero morrer, queria morrer, vontade de morrer,
        tirar minha vida, tirar a minha vida, acabar com a minha vida, acabar com minha vida, nao quero mais
        viver,
        nao quero viver, me machucar, automutilacao, me cortar de novo, sem vontade de viver, razao para viver
    """,
    "stranded": """
        stranded, stuck at the airport, stuck at airport, stuck in the airport, stuck at the station,
        stuck on the tarmac, stuck on the runway, stuck on the plane, stuck on a plane, stuck on this plane,
        stuck on the train, stuck on a train, stuck on this train, stuck in the lift, stuck in a lift,
        stuck in the elevator, stuck in an elevator, stuck abroad, stuck overnight, stuck on flight, stuck on
        my
        flight, train stuck, plane stuck, passengers stuck, passengers still stuck, stuck on board, stuck on
        the
        side of the road, stuck on the motorway, stuck on the highway, stuck in the middle of nowhere, stuck
        here overnight, sleep at the airport, sleeping at the airport, sleep in the airport, sleeping in the
        airport, night at the airport, night in the airport, sleeping on the floor, sleep on the floor, no way
        home, no way to get home, can't get home, cannot get home, unable to get home, how do i get home, how
        to
        get home, locked out of my car, locked out of my house,
        locked out of my flat, locked out of my apartment, locked out of my room, locked out of our room,
        locked out of my home, locked out of the house, locked inside, locked in the, broke down on the,
        broken
        down on the, left us at the airport, left me at the airport, left us at the side, left on the tarmac,
        nowhere to sleep, nowhere to stay, left behind at, gestrandet, sitze fest, sitzen fest, sitzt fest,
        sass
        fest, sassen fest, festsitzen, festgesessen, am flughafen fest, am bahnhof fest, im zug fest, im
        aufzug
        fest, im fahrstuhl fest, stecke fest, stecken fest, ausgesperrt, eingesperrt, am flughafen
        ubernachten,
        am flughafen geschlafen, am flughafen schlafen, nacht am flughafen, nicht nach hause, liegen
        geblieben, liegengeblieben, komme nicht heim, keine unterkunft,
        varado, varada, varados, varadas, tirado en el aeropuerto, tirada en el aeropuerto,
        tirados en el aeropuerto, tirados en la estacion, botados en el aeropuerto, botado en el aeropuerto,
        atrapado en, atrapada en, atrapados en, atrapadas en, dormir en el aeropuerto, durmiendo en el
        aeropuerto,
        noche en el aeropuerto, no puedo volver a casa, no podemos volver a casa, no tengo como volver,
        no tenemos como volver, encerrado en el, encerrados en el, sin alojamiento,
        coince a, coincee a, coinces a, coince dans, coincee dans, coinces dans, coince en, coinces en,
        coince au, coinces au, bloque a l'aeroport, bloquee a l'aeroport, bloques a l'aeroport, bloque a la
        gare,
        bloques a la gare, bloque dans, bloquee dans, bloques dans, bloque sur, bloques sur, bloques en gare,
        dormir a l'aeroport, nuit a l'aeroport, rentrer chez moi, rentrer chez nous, enferme dans, enferme
        dehors, enfermes dans, en rade, nulle part ou dormir,
        preso no aeroporto, presa no aeroporto, presos no aeroporto, retido no aeroporto, retidos no
        aeroporto,
        preso no elevador, presa no elevador, presos no elevador, preso na estrada, presos na estrada,
        preso no aviao, presos no aviao, presos no trem, presos no comboio, dormir no aeroporto,
        dormindo no aeroporto, noite no aeroporto, ilhado, ilhada, ilhados, sem ter como voltar,
        nao consigo voltar para casa, nao consigo voltar pra casa, sem hospedagem, largados no aeroporto
    """,
    "fraud": """
        fraud, fraudulent, fraudster, fraudsters, scam, scams, scammed, scammer, scammers, scamming, phishing,
        identity theft, stole my, stolen card, card was stolen, card got stolen, card has been stolen, cards
        were stolen, wallet was stolen, stole money, money was stolen, unauthorised, unauthorized, hacked,
        hacker, hackers, account was compromised, account has been compromised, account got compromised,
        someone
        used my card, someone is using my card, cloned my card, card was cloned, card has been cloned, sim
        swap, fraudulently, steal my, stealing my, stealing money, stealing from, didn't authorise, didn't
        authorize,
        never authorised, never authorized, swindled, ponzi, someone else is using, somebody used my card,
        using
        my card without, used my card without, copied my card, copy of my card, lost my card, lost my wallet,
        card is lost, card is stolen, phone was stolen, bag was stolen, wallet is stolen, stolen my card,
        stolen
        my phone, stolen my wallet, has my card details, access to my card, card was compromised, card has
        been
        compromised, card is compromised, suspicious charge, suspicious charges, suspicious transaction,
        suspicious transactions, suspicious activity, strange charge, strange charges, strange payment,
        strange
        payments, don't recognise, don't recognize, do not recognise, do not recognize, did not authorise, did
        not authorize, didn't approve, charge i didn't make, charge i did not make, charge that i didn't make,
        charge that i did not make, charges i didn't make, charges i did not make, charges that i didn't make,
        charges that i did not make, payment i didn't make, payment i did not make, payment that i didn't
        make,
        payment that i did not make, payments i didn't make, payments i did not make, payments that i didn't
        make, payments that i did not make, transaction i didn't make, transaction i did not make, transaction
        that i didn't make, transaction that i did not make, transactions i didn't make, transactions i did
        not
        make, transactions that i didn't make, transactions that i did not make, withdrawal i didn't make,
        withdrawal i did not make, withdrawal that i didn't make, withdrawal that i did not make,
        betrug, betruger, betrugerin, betrogen, betrugsversuch, betrugsmasche,
        abzocke, abgezockt, abzocker, phishing, gehackt, gehackt worden, identitatsdiebstahl, karte gestohlen,
        karte geklaut, karte wurde gestohlen, unberechtigt, unberechtigte abbuchung, nicht autorisiert, nicht
        autorisierte, unbefugt, kontodaten gestohlen, fraude, fraudulento, fraudulenta, estafa, estafado,
        estafada, estafados, estafadores, estafaron, estafan, timo, timado, timados, me han robado la tarjeta,
        me robaron la tarjeta, tarjeta robada, clonaron, clonada, phishing, hackeado, hackeada, hackearon, han
        hackeado, cargo no reconocido, cargos no reconocidos, no reconozco este cargo, cargo no autorizado,
        cargos no autorizados, robo de identidad, suplantacion, fraude, frauduleux, frauduleuse, arnaque,
        arnaques, arnaquer, arnaquee, arnaqueur, arnaqueurs, escroc, escrocs, escroquerie, escroquer,
        hameconnage, pirate mon compte, compte pirate, ete pirate, carte volee, vole ma carte, usurpation,
        usurpation d'identite, debit non autorise, prelevement non autorise, non autorise, non autorisee,
        golpe, golpista, golpistas, golpes, fraudulento, estelionato, cai num golpe, cartao clonado, clonaram,
        clonaram meu, roubaram meu cartao, cartao roubado, hackearam, hackeada, invadiram minha conta,
        invadida, compra que nao fiz, compras que nao fiz, nao reconheco essa compra, nao reconheco esta compra,
        cobranca indevida, nao autorizado, nao autorizada, burla, burlado, burlada, fui enganado, fui enganada
    """,
    "outage": """
        outage, outages, power cut, power is out, power's out, power has been out, power went out, no power,
        without power, without electricity, no electricity, no internet, without internet, internet is down,
        internet down, internet's down, internet has been down, wifi is down, wifi down, network is down,
        network down, no signal, no service, no network, no connection, service is down, service down, site is
        down, site down, website is down, website down, server is down, servers are down, servers down, server
        down, app is down, app down, system is down, systems are down, systems down, lines are down, is down,
        are down, down again, still down, currently down, keeps going down, app down, chat down, seems to be
        down, appears to be down, lost power, lost internet, lost signal, power loss, been down for, been down
        since, is it down, completely down, totally down, down for everyone, down for anyone, no
        water, without water, no heating, without heating, no hot water, no dial tone, no phone service,
        blackout, not loading for anyone, stromausfall, kein strom, keinen strom, ohne strom, kein internet,
        ohne internet, internet ausgefallen, internet weg, internet tot, kein netz, kein empfang, netz
        ausfall,
        netzausfall, netzstorung, storung, grossstorung, serverausfall, server down, server sind down, server
        ist down, seite down, kein wasser, kein warmwasser, keine heizung, heizung ausgefallen, systemausfall,
        totalausfall, ausfall, ausgefallen seit, sin luz, sin electricidad, sin internet, sin servicio, sin
        senal, sin linea, sin cobertura, sin agua, sin calefaccion, no hay luz, no hay internet, no hay
        servicio, no hay senal, no hay agua, no tengo internet, no tengo senal, no tengo luz, no tengo
        servicio,
        apagon, corte de luz, corte de energia, esta caido, esta caida, se cayo el sistema, se cayo internet,
        se
        cayo el internet, sistema caido, pagina caida, servidores caidos, servidor caido, red caida, app
        caida,
        caida del servicio, interrupcion del servicio, en panne, panne de courant, panne d'electricite, panne
        generale, panne internet, panne d'internet, panne reseau, panne de reseau, grosse panne, une panne,
        coupure de courant, coupure d'electricite, coupure internet, coupure d'internet, coupure de reseau,
        coupures, plus de courant, pas de courant, plus d'electricite, pas d'electricite, plus d'internet, pas
        d'internet, plus internet, pas internet, sans internet, sans electricite, sans courant, pas de reseau,
        plus de reseau, aucun reseau, sans reseau, sans connexion, plus de connexion, pas de connexion, hors
        service, site est down, serveurs sont down, serveur down, pas d'eau chaude, plus d'eau, pas d'eau,
        plus
        de chauffage, sans chauffage, sans eau, apagao, sem luz, sem energia, sem internet, sem sinal, sem
        servico, sem rede, sem conexao, sem agua, falta de luz, falta de energia, falta de agua, queda de
        energia, caiu a internet, internet caiu, caiu o sistema, sistema caiu, site caiu, app caiu, fora do
        ar, sistema fora, sem aquecimento, nao tem luz, nao tem internet, nao tem agua, nao tem sinal,
        instabilidade, internet nao funciona
    """,
    "legal": """
        lawyer, lawyers, attorney, solicitor, solicitors, lawsuit, lawsuits, class action, legal action,
        take legal, taking legal, legal team, legal advice, suing, will sue, gonna sue, going to sue, sue you,
        sue them, sue your, sue the, can i sue, should sue, i'll sue, small claims, take you to court,
        taking you to court, see you in court, take this to court, going to court, court order, ombudsman,
        trading standards, consumer protection, better business bureau, file a complaint with, filing a
        complaint with, press charges, pressing charges, against the law, is illegal, it's illegal, that's
        illegal, totally illegal, illegally charged, go to court, police report, police matter, breach of
        contract, violation of gdpr, gdpr request, gdpr breach, gdpr violation, data breach, subject access
        request, discrimination, discriminated, anwalt, anwaltin, rechtsanwalt, rechtsanwaltin, anwalte,
        rechtlich, rechtliche schritte, rechtsweg, verklagen, verklage, klage einreichen, sammelklage, vor
        gericht, gericht, verbraucherzentrale, verbraucherschutz, bundesnetzagentur, schlichtungsstelle,
        strafanzeige, anzeige erstatten, anzeige erstattet, rechtswidrig, ist illegal, abmahnung,
        einstweilige,
        datenschutzverstoss, dsgvo, diskriminierung, abogado, abogada, abogados, demanda, demandar,
        demandarlos,
        demandare, los voy a demandar, denuncia, denuncias, denunciar, denunciarlos, denunciare, accion legal,
        acciones legales, via legal, medidas legales, llevarlos a juicio, ir a juicio, tribunal, tribunales,
        juzgado, profeco, facua, consumo y, oficina del consumidor, defensa del consumidor, es ilegal, hoja de
        reclamaciones, discriminacion, mon avocat, un avocat, une avocate, nos avocats, avocats, porter
        plainte,
        porte plainte, depot de plainte, deposer plainte, depose plainte, en justice, action en justice, mise
        en
        demeure, au tribunal, tribunal, poursuites, recours collectif, dgccrf, ufc que choisir, que choisir,
        mediateur, est illegal, est illegale, cnil, rgpd, discrimination, huissier,
        advogado, advogada, advogados, processo judicial, processar voces, vou processar, processar a,
        processo
        contra, entrar na justica, na justica, acao judicial, tribunal, procon, reclame aqui, anatel, aneel,
        anac,
        pequenas causas, juizado, boletim de ocorrencia, e ilegal, livro de reclamacoes, deco proteste, lgpd,
        discriminacao, danos morais
    """,
    "cancelled": """
        cancelled, canceled, cancellations, flight cancellation, train cancellation, cancels my, cancels our,
        cancelling my flight, cancelling our flight,
        canceling my flight, canceling our flight, cancelled last minute, called off, bumped from, denied
        boarding,
        storniert, gestrichen, annulliert, abgesagt, fallt aus, fallen aus, faellt aus, ausgefallener zug,
        zug ausgefallen, flug ausgefallen, zugausfall, zugausfalle, flugausfall, flugausfalle,
        cancelado, cancelada, cancelados, canceladas, cancelaron, cancelacion, cancelaciones, nos cancelan,
        me cancelan, han cancelado, me cancelo, nos cancelo, suspendido, suspendida, anulado, anulada,
        overbooking,
        annule, annulee, annules, annulees, annulation, annulations, supprime mon vol, vol supprime, train
        supprime, trains supprimes, vols supprimes, surbooking,
        cancelado, cancelada, cancelados, canceladas, cancelaram, cancelou meu, cancelou o, cancelamento,
        cancelamentos, suspenso, suspensa
    """,
}
"""By commas; a phrase is found where its words stand side by side. A word of two languages stands in both."""

EXCEPTIONS = """
    fire sale, fire emoji, fire drill, fire alarm test, fire stick, fire tv, amazon fire, kindle fire, on fire
    and apple tv, on fire stick, on fire tv, on fire os, on fire hd, on fire tablet,
    in case of fire, you're on fire, ur on fire, you are on fire, she's on fire, he's on fire, they're on
    fire,
    we're on fire, team is on fire, are on fire lately, girl on fire, man on fire, catching fire movie, world
    on
    fire, pants on fire, playlist is on fire, hair on fire, mixtape is on fire, absolutely on fire tonight,
    smoke alarm test, smoke detector battery, smoke break, smoke weed, smoke a cigarette, smoke cigarettes,
    smoked,
    smoke free, smoke some, i smoke, we smoke, smoke signals, smoke and mirrors, smoke test, smoke screen,
    holy smoke, blow smoke, went up in smoke, up in smoke, smoke you, smoke them, smoke shop,
    dangerous woman, dangerously good, dangerously cute, dangerous game, dangerous minds, dangerously
    delicious, unconscious bias, collective unconscious,
    explosion of flavour, explosion of flavor,
    explosion of colour, explosion of color, phone exploded with, phone is exploding with, literally cannot
    breathe, literally can't breathe, laughing i can't breathe, laughing i cannot breathe, inbox exploded,
    mentions exploded, mentions are exploding, exploding kittens, population explosion, twitter exploded,
    mind exploded, head exploded, head is exploding, emergency fund, emergency exit, emergency exit row,
    emergency contact, in an emergency fund, heart attack when i saw the price, nearly had a heart attack,
    almost had a heart attack, gave me a heart
    attack, hurt my feelings, attacked by mosquitoes, overheating in this weather, burned my tongue, burnt my
    toast, burned my mouth, burnt my mouth, down and out,
    steal my girl,
    suicide squad, suicide prevention, suicide bomber, suicide bombing, suicide awareness, suicide hotline
    number,
    career suicide, commercial suicide, political suicide, social suicide, financial suicide, overdose of
    cuteness,
    killing it, killed it, killing the game, killing me softly, dying of laughter, dying laughing, dead
    laughing, die of laughter, to die for, dying over here lol,
    locked in the price, locked in the rate,
    stranded deep, death stranding, how do i get home delivery, how to get home delivery, how to get home
    insurance, how do i get home insurance, left behind at school, no child left behind,
    scam likely, fraud prevention, fraud squad, fraud prevention team, fraud protection, hacker news, growth
    hacker, life hacker, hackers movie, stole my heart, stole my breath, stole my idea, stole my look, stole
    my
    joke, stole my line, stole my boyfriend, stole my girlfriend, stole my seat, voter fraud,
    power outage is over, outage is over, no service charge, no service fee, no service charges, no service
    fees, no power steering, no water damage, no connection fee, no connection charge, no connection between,
    no connection with, no connection to this, no power over, get down again, blackout curtains, blackout
    blinds, blackout poetry, blackout friday, blackout dates, blackout date, tv blackout, calm down again,
    sat down again, let down again, going down again, go down again, prices down again, price down again,
    turned down again, upside down again, shares down again, stock down again, is down to, are down to, is
    down
    the, are down the, is down there, are down there, is down here, is down with, are down with, is down by,
    are
    down by, price is down, prices are down, shares are down, stock is down, sales are down, rates are down,
    battery is down, who is down, i'm currently down, is down for whatever, is down bad, are down bad, is down
    for it, is down from, are down from, lawyer joke, not legal advice, better call saul, divorce lawyer, my
    lawyer friend, is a lawyer, i'm a lawyer, criminally good, should be illegal, is illegal how, tennis
    court, devil's attorney, attorney general, district attorney, personal injury lawyer,
    cancelled my plans, canceled my plans, cancelled plans, canceled plans, cancelled my subscription,
    canceled my subscription, cancelled my membership, canceled my membership, cancelled my contract,
    canceled my contract, cancelled my account, canceled my account, cancelled my service, canceled my
    service,
    i cancelled, i canceled, we cancelled, we canceled, i've cancelled, i've canceled, i'm cancelling my
    flight,
    i am cancelling my flight, we've cancelled, we've canceled, i have cancelled, i have canceled, i just
    cancelled, i just canceled, just cancelled my, just canceled my, i already cancelled, i already canceled,
    noise cancellation, noise cancelled, noise cancelled out, is cancelled on twitter, is canceled on twitter,
    show was cancelled, show was canceled, show got cancelled, show got canceled, series was cancelled, series
    was canceled, series got cancelled, series got canceled, cancelled by netflix, canceled by netflix,
    cancellation fee, cancellation fees, cancellation policy, free cancellation, no cancellation, cancellation
    charges, cancellation charge, cancelled culture, getting canceled, cancellation of my contract,
    cancellation
    of my subscription, cancelled party, in brand new, feuer und flamme, brennt mir auf der seele, brennt mir
    unter den nageln, seele brennt, herz brennt, rauch nicht, rauch eine, schall und rauch, rauch ich,
    nichtraucher, gefahrlich gut, gefahrlich lecker, explosion der geschmacker, geschmacksexplosion, anwalt
    des
    teufels, im notfall, notfall kit, jungstes gericht, leckeres gericht, dieses gericht, ein gericht, das
    gericht schmeckt, mein lieblings gericht, unterhaltungsausfall, storung der nachtruhe, haarausfall,
    ich habe storniert, habe ich storniert, habe mein abo gekundigt, ich storniert, wir storniert,
    stornierungsgebuhr, kostenlos storniert, ernteausfall, party abgesagt, frisch gestrichen, neu gestrichen,
    wand gestrichen, wande gestrichen,
    fuego en el cuerpo, esta en llamas hoy, humor, humo negro, vende humo, vender humo, venden humo,
    vendehumo, vendiendo humo, explosion de sabor, explosion de sabores, peligrosamente, en caso de emergencia,
    salida de emergencia, contacto de emergencia, fondo de emergencia, herida abierta, se me quemo el arroz,
    escuadron suicida, me muero de risa, muerto de risa, muerta de risa, muriendo de risa, me quiero morir de
    risa, quiero morirme de risa, matarme de risa, matarme trabajando, matarme en el gimnasio, timo de la
    estampita, mucha demanda, alta demanda, gran demanda, en demanda, oferta y demanda, la demanda de, por
    demanda, bajo demanda, a demanda, cancele mi plan, cancele mis planes, he cancelado, yo cancele, hemos
    cancelado, politica de cancelacion, cancelacion gratuita, cancelacion de ruido, cuarto para las, sin
    cobertura de chocolate, sin agua de, sin luz propia, tout feu tout flamme, jouer avec le feu, en feu ce
    soir, tu es en feu, t'es en feu, il est en feu, ils sont en feu, on est en feu, equipe est en feu,
    explosion
    de saveurs, en cas d'urgence, sortie de secours, danger public, mort de rire, morte de rire, mourir de
    rire,
    me tuer a la tache, me tuer au travail, j'ai annule, on a annule, nous avons annule, annulation gratuite,
    frais d'annulation, reduction de bruit, envie de mourir de rire, voiture en panne de, salade d'avocat, un
    avocat mur, un avocat et, saumon fume, fume, quand les poules, supprime mon compte, le mediateur de
    couleur, en panne d'inspiration, panne d'inspiration, panne de reveil, blesse dans mon ego, explose de rire,
    explosee de rire, explose le record, explose les records,
    fogo de palha, fogo no parquinho, pegando fogo hoje, jogo esta pegando fogo, fogo de artificio,
    explosao de sabor, explosao de sabores, explodiu de rir, em caso de emergencia, saida de emergencia,
    contato de emergencia, fundo de emergencia, esquadrao suicida, morrendo de rir, morri de rir, morro de
    rir, quero morrer de rir, me matar de rir, me matar de trabalhar, me matar de estudar, golpe de sorte,
    golpe de mestre, golpe de estado, golpe militar, golpe de vista, golpe baixo, golpes militares,
    cancelei meus planos, eu cancelei, cancelamento de ruido, cancelamento gratis, cancelamento gratuito,
    taxa de cancelamento, politica de cancelamento, quero cancelamento, machucou meu coracao, instabilidade
    politica, ferida aberta, suspenso no ar
"""
"""What looks like urgency and is not: a phrase of urgency inside one of these does not count."""

NEGATORS = """
    no not never without isnt wasnt arent werent dont doesnt didnt hasnt havent hadnt wont wouldnt aint nothing
    hardly neither nor nobody none
    kein keine keinen keiner keinem keines nicht ohne nie niemals weder
    sin nunca ningun ninguna jamas tampoco ni
    pas sans jamais aucun aucune
    nao sem nenhum nenhuma
"""
"""Words that deny what follows them; Spanish and English share "no". Self-harm is never denied."""

NOT_DENIALS = """
    not only, not just, no joke, no jokes, no kidding, no lie, no doubt, no wonder, no idea, no matter, no
    less, no longer, no help, no response, no reply, no answer, no one, no info, no information, no explanation,
    no notice, no warning, no reason, no apology, no communication, without warning, without notice,
    without explanation, without reason, without any notice, without any warning, without telling,
    dont care, dont know, dont understand, dont believe, dont tell, dont let, dont lie, didnt tell, didnt say,
    didnt inform, doesnt care, not funny, not happy, not impressed, not ok, not okay, not acceptable, not
    good, not cool, not helpful, why not, nothing but, not again, nobody cares, nobody told, nobody tells, never
    again, nicht nur, kein witz, kein scherz, keine ahnung, kein wunder, ohne vorwarnung, ohne grund, ohne info,
    ohne information, keine info, keine antwort, keine hilfe, keine ruckmeldung, nicht lustig, nicht mehr,
    noch
    immer, noch, no solo, sin aviso, sin avisar, sin previo aviso, sin explicacion, sin motivo, sin respuesta,
    no responden, no contestan, ni idea, no puede ser, no es broma, no se, nunca mas, pas seulement, sans
    prevenir, sans raison, sans explication, sans preavis, sans reponse, pas de reponse, pas normal, sans
    avertir, jamais vu, no procon, no tribunal, no juizado, no golpe, no incendio, no processo,
    nao so, nao apenas, sem aviso, sem avisar, sem aviso previo, sem explicacao, sem motivo,
    sem resposta, sem ajuda, sem informacao, nao respondem, nao e possivel, nao sei, nao aguento, nunca mais
"""
"""Where a negator denies something else, or stresses: "no joke, it is dangerous", "cancelled without notice".
Portuguese "no" is "in the"."""

ENDINGS = """
    is over, are over, now over, finally over, is fixed, are fixed, now fixed, got fixed, been fixed, was
    fixed, finally fixed, is resolved, are resolved, now resolved, got resolved, been resolved, was resolved,
    finally resolved, issue solved, been solved, is solved, are solved, been restored, is restored, was
    restored, now restored, has ended, is back, is back up, are back, is up again, back online, is behoben,
    ist
    behoben, wurde behoben, sind behoben, ist vorbei, ist geloscht, wieder da, wieder online, se soluciono,
    solucionado, ya volvio, ya regreso, se resolvio, resuelto, resuelta, est resolu, est resolue, est retabli,
    est retablie, est terminee, est terminé, est finie, est reparee, est revenu, est revenue, foi resolvido,
    foi
    resolvida, ja voltou, resolvido, resolvida, foi normalizado, normalizou, ja passou
"""
"""What says, behind an outage in the same clause, that it is past; only outages end in this way."""

CONJUNCTIONS = """
    and but because when while since so then that yet
    und aber weil als dass sondern doch
    y pero porque cuando mientras
    et mais parce quand donc car puis
    mas porque quando enquanto
"""
"""Words that begin a new clause: a negator before them denies nothing after them."""
