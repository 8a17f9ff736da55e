// co-wechat-api (JavaScript): a draft with a picture and a cover; drafts are newer than it is, so they are mixed in.
//
//   WECHAT_URL=http://127.0.0.1:8888 WECHAT_APPID=… WECHAT_SECRET=… node co-wechat-api.js cover.png
'use strict';

const API = require('co-wechat-api');

API.mixin({
  async addDraft(articles) {
    const { accessToken } = await this.ensureAccessToken();
    return this.request(`${this.prefix}draft/add?access_token=${accessToken}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      data: JSON.stringify({ articles }),
    });
  },
});

async function main(picture) {
  const api = new API(process.env.WECHAT_APPID, process.env.WECHAT_SECRET);
  api.prefix = `${process.env.WECHAT_URL}/cgi-bin/`;
  const cover = await api.uploadImageMaterial(picture);
  const inside = await api.uploadImage(picture);
  const content = `<p>你好<img src="${inside.url}"></p>`;
  const draft = await api.addDraft([{ title: '来自 co-wechat-api', content, thumb_media_id: cover.media_id }]);
  console.log(draft.media_id);
}

main(process.argv[2]).catch((error) => {
  console.error(`${error.code}: ${error.message}`);
  process.exit(1);
});
