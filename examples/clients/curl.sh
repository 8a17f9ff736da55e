#!/bin/sh
# curl (shell): a draft with a picture and a cover, by the calls that WeChat's documentation shows.
#
#   WECHAT_URL=http://127.0.0.1:8888 WECHAT_APPID=… WECHAT_SECRET=… sh curl.sh cover.png
set -eu

field() { # prints the string "$1" of the JSON on standard input, or shows that JSON and ends
  answer=$(cat)
  value=$(printf '%s' "$answer" | sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p")
  [ -n "$value" ] || { printf '%s\n' "$answer" >&2; exit 1; }
  printf '%s' "$value"
}

api=$WECHAT_URL/cgi-bin
token=$(curl -sS -H 'Content-Type: application/json' "$api/stable_token" \
  -d "{\"grant_type\": \"client_credential\", \"appid\": \"$WECHAT_APPID\", \"secret\": \"$WECHAT_SECRET\"}" |
  field access_token)
cover=$(curl -sS -F "media=@$1" "$api/material/add_material?access_token=$token&type=image" | field media_id)
picture=$(curl -sS -F "media=@$1" "$api/media/uploadimg?access_token=$token" | field url | sed 's/\\//g')
curl -sS -H 'Content-Type: application/json' "$api/draft/add?access_token=$token" -d "{\"articles\": [{
  \"title\": \"来自 curl\", \"content\": \"<p>你好<img src=\\\"$picture\\\"></p>\", \"thumb_media_id\": \"$cover\"}]}" |
  field media_id
echo
