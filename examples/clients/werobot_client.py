"""WeRoBot (Python): a draft with a picture and a cover; its client has no method for drafts, but posts anything.

WECHAT_URL=http://127.0.0.1:8888 WECHAT_APPID=… WECHAT_SECRET=… python werobot_client.py cover.png
"""

import os
import sys
from pathlib import Path

from werobot.client import Client

WECHAT = "https://api.weixin.qq.com"


class LocalClient(Client):
    def request(self, method, url, **rest):  # every method of it has the address built in
        return super().request(method, url.replace(WECHAT, os.environ["WECHAT_URL"], 1), **rest)


client = LocalClient({"APP_ID": os.environ["WECHAT_APPID"], "APP_SECRET": os.environ["WECHAT_SECRET"]})
with Path(sys.argv[1]).open("rb") as file:
    cover = client.upload_permanent_media("image", file)["media_id"]
with Path(sys.argv[1]).open("rb") as file:
    picture = client.upload_news_picture(file)["url"]
article = {"title": "来自 WeRoBot", "content": f'<p>你好<img src="{picture}"></p>', "thumb_media_id": cover}
print(client.post(url=f"{WECHAT}/cgi-bin/draft/add", data={"articles": [article]})["media_id"])
