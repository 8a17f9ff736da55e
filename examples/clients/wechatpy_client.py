"""wechatpy (Python): a draft with a picture and a cover.

WECHAT_URL=http://127.0.0.1:8888 WECHAT_APPID=… WECHAT_SECRET=… python wechatpy_client.py cover.png
"""

import os
import sys
from pathlib import Path

from wechatpy import WeChatClient


class Client(WeChatClient):
    API_BASE_URL = os.environ["WECHAT_URL"] + "/cgi-bin/"

    def fetch_access_token(self):  # its own has the address built in
        params = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
        return self._fetch_access_token(url=self.API_BASE_URL + "token", params=params)


client = Client(os.environ["WECHAT_APPID"], os.environ["WECHAT_SECRET"])
with Path(sys.argv[1]).open("rb") as file:
    cover = client.material.add("image", file)["media_id"]
with Path(sys.argv[1]).open("rb") as file:
    picture = client.media.upload_image(file)
article = {"title": "来自 wechatpy", "content": f'<p>你好<img src="{picture}"></p>', "thumb_media_id": cover}
print(client.draft.add([article])["media_id"])
