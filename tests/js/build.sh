#!/bin/sh
# Makes what the browser tests load, from npm: needed only to change editor.js or to renew the libraries.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp editor.js "$work/"
npm install --prefix "$work" --no-audit --no-fund --silent \
    prosemirror-model@1 prosemirror-state@1 prosemirror-view@1 axe-core@4 esbuild@0
"$work/node_modules/.bin/esbuild" "$work/editor.js" --bundle --minify --format=iife --global-name=wechat \
    --legal-comments=none --outfile=prosemirror.bundle.js
cp "$work/node_modules/axe-core/axe.min.js" axe.min.js
{
    echo "Third-party code in this folder, used by tests only and no part of the program."
    echo
    echo "prosemirror.bundle.js, made by build.sh from editor.js and these npm packages:"
    for name in prosemirror-model prosemirror-state prosemirror-transform prosemirror-view orderedmap; do
        echo "  $name $(node -p "require('$work/node_modules/$name/package.json').version")  MIT"
    done
    echo "axe.min.js, unchanged from the npm package:"
    echo "  axe-core $(node -p "require('$work/node_modules/axe-core/package.json').version")  MPL-2.0, https://mozilla.org/MPL/2.0/, source: https://github.com/dequelabs/axe-core"
    echo
    echo "--- ProseMirror (prosemirror-*) and orderedmap ---"
    echo
    cat "$work/node_modules/prosemirror-model/LICENSE"
} > LICENSES
