import { GoogleGenAI } from '@google/genai';
import { say } from './say.ts';

// Asks Vertex AI, with the Application Default Credentials; prints what comes of it as it comes.
const client = new GoogleGenAI({ vertexai: true, project: 'demo-project', location: 'us-central1' });
const stream = await client.models.generateContentStream({ model: 'test-model', contents: 'hello' });
for await (const { text } of stream) say(text);
