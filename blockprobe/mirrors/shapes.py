"""Shapes of mirrors' names and the suffixes they are under, likeliest first, as shares per million.

Written by bench/mirrors_learn.py from the filter lists of Debian's package webext-ublock-origin-firefox:
45 brands (203 names), 618 entities, 3129 names and pairs. Only shapes and suffixes are kept, no name.
{brand} is the brand's word, {digit} one digit, {number} two, {tld} the suffix that the site itself has.
"""

from functools import cache

from blockprobe.mirrors.generate import Tables

SHAPES = """
{brand} 498004, {brand}s 29026, {brand}{digit} 20260, {brand}{number} 12475, {brand}tv 6486, {digit}{brand} 6378
{brand}hd 5536, the{brand} 5270, {brand}{tld} 4000, x{brand} 3769, i{brand} 2974, {brand}-s 2908, f{brand} 2802
{brand}z 2528, {brand}hub 2512, best{brand} 2402, {brand}pe 2166, {brand}ing 2116, {brand}adblockuser 2042
{brand}-tv 2001, adblock{brand} 1951, {brand}online 1934, {brand}s{digit} 1900, {brand}-{digit} 1897
{brand}stream 1894, {brand}cdn 1871, {brand}x 1848, {brand}-official 1808, {brand}-hd 1754, {brand}studios 1740
my{brand} 1701, watch{brand} 1660, {brand}anime 1656, {brand}er 1604, {digit}{brand}hd 1596, {brand}porn 1593
{brand}load 1573, {brand}{digit}k 1523, {brand}-online 1498, {brand}to 1492, {brand}user 1448, {brand}free 1437
adblockeron{brand} 1394, the{brand}{number} 1379, {brand}d 1371, go{brand} 1339, u{brand} 1339, the-{brand} 1315
{number}{brand} 1292, {brand}s-online 1266, {brand}-{number} 1243, {brand}{digit}hd 1232, a{brand} 1231
full{brand} 1212, {brand}e 1184, {brand}full 1163, {brand}sex 1161, m{brand} 1105, {brand}games 1101
{brand}adblock 1099, {brand}ss 1093, {brand}-de 1083, {brand}ads 1008, {brand}peadblockuser 986, up{brand} 976
the{brand}{digit} 967, xxx{brand} 957, {brand}pro 953, lul{brand} 933, {brand}-tr 925, hq{brand} 923, j{brand} 921
pc{brand} 910, {brand}xxx 901, {brand}-vip 896, {brand}torrents 891, {brand}jp 887, e{brand} 881, n{brand} 832
{brand}now 829, {brand}-tv-en-vivo 820, b-{brand} 810, {brand}news 789, {brand}i 778, {brand}video 777
{brand}enhd 774, {brand}envivo 774, {brand}porno 774, {brand}clip 768, {brand}canada 762, {brand}web 761
database{brand} 739, relampa{brand} 736, we{brand} 736, porn{brand} 734, {brand}-watch 732, {brand}eos 731
o{brand} 726, top{brand} 718, {brand}links 714, play{brand} 702, {brand}{number}-to 697, {brand}jmk 686
{brand}animes 685, {brand}-usa 681, hd{brand} 677, {brand}t 676, new-{brand} 672, {brand}o 671, {brand}-live 653
{brand}top 652, {brand}link 652, {brand}-website 643, {digit}-{brand} 637, {brand}-player 634, {brand}-urls 633
clai{brand} 623, {brand}-manga 621, {brand}-en-vivo 621, {brand}downloader 619, {brand}fun 609, {brand}ready 609
{brand}today 609, all{brand} 604, in{brand} 600, {brand}-serie 598, {brand}hd-official 598, {brand}{digit}u 598
sports-{brand} 590, {brand}withadblock 588, {brand}l 587, {brand}orrents 587, p{brand} 584, la{brand} 581
vertele{brand} 571, {brand}eo 567, www-{brand} 566, {brand}plays 565, {brand}s{number} 565, {brand}on 563
d{brand} 561, s{digit}{brand} 560, unbloc{brand} 560, {brand}videos 557, fine{brand} 552, {brand}ass 548
fullxx{brand} 546, grouppor{brand} 539, youfreepor{brand} 539, cartoon{brand} 539, es{brand} 538, {brand}plus 536
{brand}-analytics 535, ad{brand} 521, teen{brand} 514, se{brand} 511, r{brand} 509, y{brand} 506, {brand}-cl 505
{brand}-australia 505, {brand}-au 505, {brand}-download 504, adblock{brand}pe 502, fre{brand} 488, {brand}-id 484
{brand}-vn 484, electrum-{brand} 479, v{brand} 473, {brand}official 471, {brand}tube 465, {brand}u{digit} 450
b{brand} 446, w{brand} 431, b-{brand}s 420, online-{brand} 419, free{brand} 418, ma{brand}s 405
{number}-{brand} 399, a{brand}i 397, eroti{brand}online 396, gx{brand}load 396, teen{brand}eos 376
truye{brand} 375, {brand}at 357, {brand}converter 357, mega{brand} 356, {brand}a 356, {brand}-cdn 352
ib{brand} 350, {brand}world 345, {brand}life 339, adblockeron{brand}pe 335, get{brand}s 331, best{brand}s 331
des{brand} 329, arab{brand} 327, {brand}deutsch 327, swift{brand} 327, {brand}bay 322, {brand}cloud 322
{brand}py 322, my{brand}r 322, formula{brand} 321, {brand}scar 321, {brand}usa 321, stock{brand} 321
{brand}can 321, {brand}eospot 321, {brand}arn 321, be{brand}s 321, {brand}se 321, cwt{brand}s 321
tru{brand}er 321, {brand}srulz 321, {brand}rulz 321, these{brand} 317, vi{brand} 317, blackchubb{brand} 317
konten{brand} 316, viral{brand} 316, inside{brand} 313, {brand}watch 311, loade{brand} 306, soli{brand} 306
unlimite{brand} 306, {brand}cilps 304, {brand}diarys 304, more{brand} 304, {brand}gods 304, {brand}house 304
{brand}music 304, {brand}vibes 304, iro{brand} 301, {brand}haven 301, {brand}-ep{number}lgxt 299, {brand}media 297
x-{brand} 294, site{brand} 290, {brand}gamesgplus 290, {brand}zone 287, {brand}ikou 285, {brand}nka 285
{brand}turn 285, cty{brand}m{digit} 285, {brand}-cskh 285, {brand}ce 285, {brand}sat 285, {brand}png 285
tranny{brand} 285, {brand}putas 285, {brand}line 279, k{brand} 271, s{brand} 271, you{brand} 271
{brand}player 269, {brand}-pe 266, online{brand} 266, {brand}-sexfilme 266, {brand}-teen 266, xx{brand} 264
r{brand}s 261, {brand}motors 261, got{brand} 261, dicks{brand}goods 261, {brand}surge 261, joker{brand} 261
{brand}javonline 261, {brand}kav 261, {brand}-cn 258, {brand}-hu 258, {brand}-ru 258, {brand}ch 256
{brand}premium 254, f{brand}s 254, {brand}r 253, open{brand} 253, {brand}-service 249, {brand}earn 249
{brand}forearn 249, {brand}linker 249, {brand}us 249, agrar{brand} 247, donner{brand} 247, kachelmann{brand} 247
{brand}-vorhersage 247, {brand}auer-zeitung 247, get{brand} 245, {brand}midsummerasia 244, valuein{brand} 244
anime{digit}mega-{brand} 244, aw{brand} 244, {brand}eriestv 244, {brand}pcpro 244, software{brand} 244
sex-{brand} 244, giveme{brand}s 244, {brand}swatch 244, blog-{brand} 244, legion{brand} 244, {brand}mx 244
ver{brand}porno 244, mat{brand}er 244, {brand}buddy 244, {brand}cash 244, {brand}overleg 244, crowd{brand}age 244
st{brand} 237, tech{brand} 237, jav{brand} 234, f-{brand} 232, an{brand}s 231, baram{brand} 231, first{brand} 231
pr{brand}rust 231, boomboo{brand} 231, drea{brand}sleep 231, ipro{brand} 231, {brand}global 231, {brand}mov 231
zoo{brand} 231, i-{brand} 230, {brand}-z 224, {number}{brand}s 224, {brand}-hub 223, {brand}businesscentre 221
douploa{brand} 221, patche{brand} 221, roadmapappen{brand} 221, golinu{brand} 221, an{brand}earch 221
kutt{brand}{digit} 221, pino{brand} 221, business{brand} 220, best-{brand} 215, {brand}pics 215, {brand}ter 215
{brand}xporn 215, {brand}fans 215, {brand}sub 215, pcgames{brand} 213, ai{brand} 212, c{brand}or 212
dialo{brand} 212, lightin{brand} 212, livin{brand} 212, ventin{brand} 212, vieclam{brand} 212, {brand}brasil 212
{brand}la 212, motog{brand} 212, sto{brand}tv 212, ta{brand} 212, to{brand}s 212, u{brand}intel 212
crypto{brand} 210, truye{brand}{number} 209, {brand}-er 209, {brand}hdfilm 205, {brand}hdizle 205
full{brand}sene 205, hd{brand}sen 205, daemo{brand} 205, {brand}api 205, {brand}streaming 205, {brand}hentai 204
{brand}app 204, {brand}movie 204, {brand}s{number}-to 198, {brand}sto 198, {brand}adblocker 198, mein{brand} 198
{brand}fm 198, {brand}gay 198, {brand}ru 198, {brand}zz 198, {brand}cc 197, movie{brand} 197, adblock-{brand} 196
godrake{brand} 193, {brand}hennemi{digit} 193, {brand}tools 193, go-to-{brand} 193, {brand}-proxy 193
{brand}-global 193, {brand}ethics 193, {brand}images 193, {brand}moneycard 193, {brand}petrx 193
{brand}realty 193, {brand}stores 193, classic{brand} 193, hqxx{brand} 193, ino{brand} 193, online-xx{brand} 193
xhq{brand} 193, your{brand} 192, {brand}ers 192, c{brand} 192, fap{brand} 188, file{brand} 188, hentai-{brand} 188
{brand}n 188, {brand}-ing 188, bestiality{brand}eos 188, cam{brand}eo 188, free{brand}eos{number} 188
torr{brand} 188, xhamster-{brand}eos 188, xnxx-{brand}eos 188, iwatch{brand}s 188, {brand}capital 188
asian-{brand} 188, porno{brand} 188, rus{brand} 188, {brand}gfs 188, warm{brand} 188, my{brand}er 186
fre{brand}full 184, fre{brand}-download 184, an{brand} 184, fre{brand}u{digit} 184, {brand}bna 183
{brand}connects 183, {brand}ht 183, {brand}industry 183, {brand}law 183, {brand}linea 183, {brand}lp 183
{brand}quint 183, {brand}tax 183, {brand}taxtech 183, bnn{brand} 183, gdriv{brand} 183, hom{brand}tube 183
prim{brand} 183, sex-fre{brand} 183, shemal{brand} 183, tamilmobil{brand} 183, thevintag{brand} 183
watchonlin{brand} 183, xxxanim{brand} 183, link{brand} 183, skol{brand}s 183, erotic{brand} 182
{brand}-adblockuser 181, apk{brand} 180, {brand}ed 180, metrica-{brand} 179, {brand}adexchange 179
{brand}metric 179, {brand}metrica 179, my-{brand} 177, asian{brand} 175, {brand}-load 175, very{brand} 170
{brand}site 170, stamford{brand} 170, yes{brand} 169, tv{brand} 168, {brand}peadblock 166, eroti{brand} 165
gx{brand} 165, ma{brand} 165, wild{brand} 164, {brand}jamestraining 164, daily{brand} 163, bigtits{brand} 159
voyeur{brand} 159, fz{brand} 157, o{digit}{brand} 157, {brand}ts 146, {brand}-downloader 146, fly{brand} 142
only{brand} 142, red{brand} 142, {brand}live 140, area{brand} 139, {brand}tream 139, {digit}{brand}s 136
the{brand}s 129, {brand}xxxtube 127, ultra{brand} 125, {brand}ace 123, {brand}teen 123, der{brand} 119
{brand}rising 119, {brand}-gquu 119, ali{brand} 119, {brand}ky 119, androidapk{brand} 119, anh{brand} 119
{brand}-descargas 119, {brand}publicidad 119, {brand}tel 119, bada{brand} 119, {brand}bdsm 119, {brand}factor 119
{brand}tub 119, betterbutt{brand} 119, {brand}wishes 119
"""

DIGITS = """
0 71829, 1 217741, 2 240876, 3 138904, 4 105212, 5 61838, 6 20434, 7 24154, 8 68567, 9 50446
"""

NUMBERS = """
00 1333, 01 46344, 02 1333, 03 1333, 04 1333, 05 1333, 06 1333, 07 1333, 08 20810, 09 1333, 10 107793, 11 48131
12 1333, 13 27988, 14 1333, 15 5227, 16 1333, 17 1333, 18 83954, 19 1333, 20 1333, 21 32524, 22 1333, 23 39674
24 349017, 25 1333, 26 1333, 27 1333, 28 1333, 29 27988, 30 1333, 31 1333, 32 1333, 33 1333, 34 1333, 35 1333
36 1333, 37 1333, 38 1333, 39 1333, 40 1333, 41 1333, 42 27988, 43 1333, 44 7084, 45 1333, 46 5469, 47 1333
48 1333, 49 1333, 50 27988, 51 1333, 52 1333, 53 1333, 54 1333, 55 1333, 56 1333, 57 1333, 58 1333, 59 21476
60 1333, 61 1333, 62 1333, 63 1333, 64 1333, 65 1333, 66 1333, 67 1333, 68 1333, 69 5793, 70 1333, 71 1333
72 1333, 73 1333, 74 1333, 75 1333, 76 1333, 77 1333, 78 1333, 79 1333, 80 1333, 81 1333, 82 1333, 83 1333
84 1333, 85 1333, 86 1333, 87 1333, 88 1333, 89 1333, 90 1333, 91 1333, 92 5469, 93 1333, 94 1333, 95 1333
96 1333, 97 1333, 98 1333, 99 1333
"""

SUFFIXES = """
com 371768, net 63114, to 27300, org 25202, de 21536, xyz 19751, me 16993, co 15828, cc 15739, io 12925, tv 12602
info 10691, pro 10158, site 9028, it 8444, co.uk 8140, pl 8139, fr 8038, ru 7713, in 7611, lol 7488, app 7429
top 7314, live 6364, club 6001, es 5299, pw 5112, click 4972, link 4718, art 4671, nl 4047, eu 4007, ch 3867
sx 3848, xxx 3834, online 3763, biz 3641, se 3524, vip 3389, at 3321, is 3317, blogspot.com 3312, ca 3255
space 3192, world 3013, one 2977, com.br 2970, shop 2750, us 2660, fun 2621, ws 2611, cz 2559, asia 2536, st 2526
nu 2521, pm 2483, si 2396, jp 2328, website 2263, video 2177, store 2169, cam 2050, ro 1988, tube 1977
monster 1920, mx 1866, pt 1842, icu 1838, be 1786, su 1736, gg 1721, today 1714, name 1671, blog 1637, fm 1608
vn 1530, com.au 1515, co.in 1510, cfd 1508, dk 1502, bg 1424, makeup 1415, ai 1408, wiki 1375, li 1373, tech 1355
fan 1346, sk 1305, pe 1284, pk 1280, re 1239, gr 1235, id 1222, hu 1208, translate.goog 1197, homes 1194
co.jp 1184, gratis 1177, ac 1169, life 1166, uk 1163, cloudfront.net 1155, ps 1135, movie 1134, hr 1114, sbs 1066
im 1043, cloud 1037, watch 998, com.tr 984, hair 965, sh 963, how 963, lc 958, bz 955, onl 948, ie 947, nz 943
tax 936, com.my 927, day 925, so 920, com.ru 916, cx 900, la 900, com.in 887, uno 866, tw 859, best 851, rest 835
do 825, com.es 802, no 793, al 779, tf 778, ing 776, stream 775, digital 757, org.uk 696, sg 681, my.id 669
help 667, studio 653, com.pl 650, qpon 647, cyou 644, sr 624, my 623, fi 617, host 605, run 603, pics 587
mobi 586, lv 574, codes 572, lt 570, plus 548, zone 533, org.ru 532, co.id 522, dev 516, style 511, bar 506
gitlab.io 506, skin 504, download 499, cash 494, ltd 493, cv 491, cards 491, fail 491, kr 488, ag 473, porn 472
fans 444, ua 442, onion 436, tk 427, network 425, care 420, cn 414, com.ar 408, cat 397, mn 397, party 393
guru 377, kim 376, mov 376, bid 373, com.hk 367, cr 367, az 366, pet 364, lat 357, co.cr 356, beauty 354, gs 351
red 350, tel 337, com.mx 333, co.il 331, cl 315, co.ke 308, com.ng 307, hk 306, co.za 305, co.th 304, ee 302
pages.dev 296, herokuapp.com 294, de.com 292, rs 287, fyi 283, ru.com 280, lu 279, com.ph 278, win 263, md 263
by 259, vercel.app 259, com.ua 256, rocks 251, sex 244, co.kr 239, kz 236, uz 230, ink 220, news 193
googleapis.com 190, co.nz 178, mc 172, lib 172, com.sg 154, racing 147, ir 147, casino 147, workers.dev 141
ng 132, ninja 129, akamaihd.net 124, github.io 122, buzz 116, work 116, edu 105, moe 102, web.id 101
altervista.org 100, am 96, love 94, media 93, com.tw 88, sexy 87, global 81, tools 78, bio 76, ph 73, ly 72
ne.jp 69, com.co 69, ge 67, com.pk 66, games 65, casa 64, autos 64, cf 63, com.ve 63, eu.org 62, city 62
com.np 61, hatenablog.com 61, gl 61, gov 60, s3.amazonaws.com 58, com.cn 56, ovh 55, com.uy 54, wtf 54, chat 53
netlify.app 53, baby 51, mom 51, community 51, jp.net 51, delivery 51, guide 50, press 50, cm 50, tc 50, africa 50
as 50, gold 50, rip 50, info.pl 50, tips 49, org.pl 49, pink 49, tl 49, io.vn 48, appspot.com 48, tokyo 46, ae 46
systems 44, lk 43, akamaized.net 43, azureedge.net 42, travel 41, bet 41, ma 41, services 41, desi 41
technology 40, agency 40, design 40, google 40, gt 39, gov.uk 39, azurewebsites.net 39, social 39, wixsite.com 39
date 39, com.vn 39, marketing 38, blue 38, githubusercontent.com 38, email 38, mu 38, edu.au 38, education 37
com.ro 37, coffee 37, direct 37, works 37, team 37, edu.vn 37, ug 37, org.cn 37, map.fastly.net 37, net.br 37
mg 37, ga 37, land 37, sb 37, football 37, pe.kr 37, sv 37, fo 37, trade 37, audio 37, ml 37, vc 37
pantheonsite.io 37, directory 36, zip 36, tt 36, quest 36, kiwi 36, band 36, wf 36, cool 36, sakura.ne.jp 36
family 36, gal 36, beer 36, fund 36, computer 36, com.se 36, forum 36, expert 36, mus.br 36, webcam 36, green 36
solar 36, on.ca 36, parts 36, cleaning 36, speedostream 36, koeln 36, hosting 36, tormalayalamhd 36
xn--1ck2e1b 36, kissasian 36, sakuraweb.com 36, place 36, kitchen 36, now 36, kisstvshow 36, ac.id 36, asd 36
cymru 36, kyiv.ua 36, surf 36, gmx 36, dummy 36, org.za 36, chu.jp 36, to.it 36, kisscartoon 36
map.fastlylb.net 36, ba.gov.br 36, fishing 36, cok 36, main.jp 36, hatenadiary.com 36, nf 36, domain 36
onlinex 36, gp 36, gy 36, arenavision 36, tm 36, inn 36, uol 36, software 36, civitai 36, streamoupload 36
jetzt 36, jpn.org 36, web.app 34, or.jp 33, com.pe 32, webflow.io 30, com.ec 30, duckdns.org 30, ba 29, mt 28
page 28, ac.jp 28, r2.dev 28, rsc.cdn77.org 28, com.pa 28, global.ssl.fastly.net 28, firebaseapp.com 28, ac.uk 27
group 27, ec 27, co.tz 27, solutions 27, com.sa 27, com.gt 27, bnpparibas 27, cci.fr 27, gouv.fr 27, vg 27
com.bd 27, com.kh 27, fit 27, pub 27, blob.core.windows.net 27, sa 27, com.py 27, events 27, jobs 27, mb.ca 27
jpn.com 27, org.ua 26, amazon 26, house 26, hn 26, money 26, co.zw 26, eus 26, com.gh 26, center 26, ip 26
gift 26, coop 26, com.eg 26, abbott 26, fi.cr 26, com.mm 25, partners 25, eg 25, yt 25, com.ni 25, com.sv 25
ht 25, sn 25, com.kw 25, com.cy 25, dz 25, org.au 25, shopee 25, go.kr 25, ms 25, clinic 25, qa 25, com.hn 25
health 25, supabase.co 25, finance 25, com.gr 25, ad 25, support 25, market 25, rw 25, com.mt 25, show 25
report 25, au 25, ar 25
"""

#: Of every top-level domain that the table does not have.
FLOOR = 22.775
#: Other names that a brand of these lists has, on average.
NAMES_PER_BRAND = 4.6


@cache
def shipped_tables() -> Tables:
    """The tables above, as shares of 1."""
    return Tables(
        shapes=_table(SHAPES),
        digits=_table(DIGITS),
        numbers=_table(NUMBERS),
        suffixes=_table(SUFFIXES),
        floor=FLOOR / 1e6,
        names_per_brand=NAMES_PER_BRAND,
    )


def _table(text: str) -> dict[str, float]:
    entries = (entry.split() for line in text.strip().splitlines() for entry in line.split(","))
    return {key: int(millionths) / 1e6 for key, millionths in entries}
