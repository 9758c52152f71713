#!/usr/bin/env bash
# How the faces beside this file were made, with fonttools 4.38.0 (apt: fonttools): the Unicode blocks the nine languages and names
# in Latin and Cyrillic letters need, kerning, ligatures and marks kept, hints for screens left out. All sources are under the OFL 1.1.
#   subset.sh NOTO-SERIF DEBIAN: the folder of npm's @expo-google-fonts/noto-serif 0.4.2, and that of Debian's fonts-noto-core 20201225-1
set -eu
serif=$1 debian=$2
letters=U+0020-007E,U+00A0-017F,U+0180-024F,U+0250-02FF,U+0300-036F,U+0370-03FF,U+0400-052F,U+1E00-1EFF,U+2000-206F,U+2070-209F,U+20A0-20C0,U+2100-218F,U+2212,U+2215,U+2260,U+2264,U+2265,U+25CC,U+FB00-FB06,U+FFFD
cut() { # cut SOURCE FACE UNICODES
  pyftsubset "$1" --output-file="$2" --unicodes="$3" --no-hinting --desubroutinize --name-IDs=0,1,2,3,4,5,6,13,14 \
    --layout-features=kern,liga,calt,ccmp,locl,mark,mkmk --notdef-outline --no-recalc-timestamp
}
cut "$serif/400Regular/NotoSerif_400Regular.ttf" serif.ttf "$letters"
cut "$serif/700Bold/NotoSerif_700Bold.ttf" serif-bold.ttf "$letters"
cut "$serif/400Regular_Italic/NotoSerif_400Regular_Italic.ttf" serif-italic.ttf "$letters"
cut "$debian/NotoSerifGeorgian-Regular.ttf" georgian.ttf U+10A0-10FF,U+1C90-1CBF,U+2D00-2D2F
cut "$debian/NotoSerifGeorgian-Bold.ttf" georgian-bold.ttf U+10A0-10FF,U+1C90-1CBF,U+2D00-2D2F
cut "$debian/NotoSansMath-Regular.ttf" math.ttf U+2190-21FF,U+2200-22FF,U+27E8,U+27E9
cut "$debian/NotoSansSymbols2-Regular.ttf" symbols.ttf U+2610-2612,U+2713-2718,U+25A0-25FF
