import { GoogleAuth } from 'google-auth-library';
import { say } from './say.ts';

// Calls a Google API with the Application Default Credentials, and prints the answer.
const auth = new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' });
for (const url of process.argv.slice(2)) {
  const { data } = await auth.request({ url });
  say(JSON.stringify(data));
}
