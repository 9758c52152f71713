#!/bin/sh
# Makes ../static/age.min.js anew from the versions that package-lock.json pins, and says whether it came out as it was.
# Needs npm. TestTheVendoredAgeIsWhatWasMade holds the file to DIGEST.
set -e
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund >/dev/null
npx esbuild entry.js --bundle --minify --format=iife --global-name=age --target=es2022 --charset=ascii --legal-comments=none --outfile=/tmp/age.min.js.$$ --log-level=error
mv /tmp/age.min.js.$$ ../static/age.min.js
for part in age-encryption @noble/ciphers @noble/curves @noble/hashes @noble/post-quantum @scure/base; do
	echo "$part $(node -p "require('./node_modules/$part/package.json').version")"
	echo
	cat "node_modules/$part/LICENSE"
	echo
done >../static/LICENSE-age
sha256sum ../static/age.min.js | cut -d' ' -f1 >DIGEST
git diff --stat -- DIGEST ../static/age.min.js ../static/LICENSE-age
