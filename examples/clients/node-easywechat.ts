// node-easywechat (TypeScript): a draft with a picture and a cover.
//
//   WECHAT_URL=http://127.0.0.1:8888 WECHAT_APPID=… WECHAT_SECRET=… npx tsx node-easywechat.ts cover.png
import { createReadStream, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FormData, OfficialAccount } from 'node-easywechat';

const app = new OfficialAccount({
  app_id: process.env.WECHAT_APPID!,
  secret: process.env.WECHAT_SECRET!,
  use_stable_access_token: true,
  http: { baseURL: process.env.WECHAT_URL },
  file_cache: { path: mkdtempSync(join(tmpdir(), 'easywechat-')) },
});
const client = app.getClient();

async function upload(path: string, picture: string): Promise<Record<string, string>> {
  const form = new FormData();
  form.append('media', createReadStream(picture));
  const response = await client.post(path, { data: form });
  return response.toObject();
}

async function main(picture: string): Promise<void> {
  const cover = await upload('/cgi-bin/material/add_material?type=image', picture);
  const inside = await upload('/cgi-bin/media/uploadimg', picture);
  const content = `<p>你好<img src="${inside.url}"></p>`;
  const articles = [{ title: '来自 node-easywechat', content, thumb_media_id: cover.media_id }];
  const draft = await client.post('/cgi-bin/draft/add', { data: { articles } });
  console.log(draft.toObject().media_id);
}

main(process.argv[2]).catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
