/** What a service is, that anyone may send data to and read it back from. */
export type WritableKind =
  | 'paste'
  | 'storage'
  | 'file drop'
  | 'request catcher'
  | 'chat or webhook'
  | 'tunnel'
  | 'hosting'
  | 'telemetry'
  | 'code host'
  | 'package registry';

/** Patterns of services where anyone may have a place of their own; `weight` is how much an allow of it deserves a look. */
export interface WritableService {
  readonly kind: WritableKind;
  /** `warning`: nobody needs it for work, or no account is needed. `info`: much used for work, and writing needs an account. */
  readonly weight: 'warning' | 'info';
  readonly why: string;
  /** Names, and suffixes with a leading dot. */
  readonly patterns: readonly string[];
}

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Services that make an allow of their hosts a way out. */
export const WRITABLE_SERVICES: readonly WritableService[] = [
  {
    kind: 'paste',
    weight: 'warning',
    why: 'anyone can post text there and read it elsewhere',
    patterns: words(`
      .pastebin.com paste.ee dpaste.com dpaste.org hastebin.com toptal.com rentry.co rentry.org ix.io sprunge.us
      termbin.com paste.rs bpa.st controlc.com justpaste.it privatebin.net pastes.io paste.debian.net pastebin.ubuntu.com
      paste.centos.org paste.opendev.org gist.github.com gist.githubusercontent.com telegra.ph write.as codepen.io
      jsfiddle.net codesandbox.io`),
  },
  {
    kind: 'storage',
    weight: 'warning',
    why: 'anyone can own a bucket, share or database there',
    patterns: words(`
      .storage.googleapis.com www.googleapis.com firebasestorage.googleapis.com firestore.googleapis.com
      pubsub.googleapis.com bigquery.googleapis.com .firebaseio.com .s3.amazonaws.com .s3.us-east-1.amazonaws.com
      .s3.eu-west-1.amazonaws.com dynamodb.us-east-1.amazonaws.com sqs.us-east-1.amazonaws.com .blob.core.windows.net
      .file.core.windows.net .queue.core.windows.net .r2.cloudflarestorage.com .r2.dev .digitaloceanspaces.com
      .backblazeb2.com .wasabisys.com .linodeobjects.com .supabase.co .upstash.io drive.google.com docs.google.com
      content.dropboxapi.com www.dropbox.com graph.microsoft.com onedrive.live.com upload.box.com api.pcloud.com
      api.airtable.com api.notion.com jsonbin.io api.jsonbin.io jsonblob.com kvdb.io`),
  },
  {
    kind: 'file drop',
    weight: 'warning',
    why: 'anyone can upload a file there and fetch it elsewhere',
    patterns: words(`
      transfer.sh file.io 0x0.st temp.sh catbox.moe litterbox.catbox.moe gofile.io .gofile.io tmpfiles.org bashupload.com
      filebin.net uguu.se oshi.at x0.at wetransfer.com mega.nz .mega.co.nz .mega.nz sendspace.com mediafire.com
      anonfiles.com pixeldrain.com imgur.com api.imgur.com send.vis.ee`),
  },
  {
    kind: 'request catcher',
    weight: 'warning',
    why: 'it records whatever is sent to it',
    patterns: words(`
      webhook.site .webhook.site .requestcatcher.com requestbin.com .pipedream.net .beeceptor.com hookbin.com
      .oastify.com .burpcollaborator.net .oast.fun .oast.pro .oast.live .oast.site .oast.online .oast.me .interact.sh
      .dnslog.cn .ceye.io .canarytokens.com .requestrepo.com .mockbin.io ptsv3.com`),
  },
  {
    kind: 'chat or webhook',
    weight: 'warning',
    why: 'a message can be sent there to a channel of anyone',
    patterns: words(`
      hooks.slack.com slack.com discord.com discordapp.com api.telegram.org ntfy.sh hooks.zapier.com maker.ifttt.com
      .webhook.office.com api.pushover.net api.twilio.com api.sendgrid.com api.mailgun.net api.pushbullet.com
      script.google.com forms.gle .matrix.org`),
  },
  {
    kind: 'tunnel',
    weight: 'warning',
    why: 'anyone can put a machine of theirs behind a name there',
    patterns: words(`
      .ngrok.io .ngrok.app .ngrok.dev .ngrok-free.app .ngrok-free.dev .trycloudflare.com .loca.lt .localhost.run .lhr.life
      .serveo.net bore.pub .pagekite.me .tunnelmole.net .devtunnels.ms .zrok.io .pinggy.link .gradio.live .ts.net
      .localtunnel.me .telebit.io .packetriot.net`),
  },
  {
    kind: 'hosting',
    weight: 'warning',
    why: 'anyone can run a site or a function of their own below it',
    patterns: words(`
      .workers.dev .pages.dev .vercel.app .netlify.app .herokuapp.com .onrender.com .fly.dev .up.railway.app .glitch.me
      .repl.co .replit.dev .replit.app .deno.dev .web.app .firebaseapp.com .github.io .gitlab.io .azurewebsites.net
      .azurestaticapps.net .cloudapp.azure.com .azureedge.net .cloudfront.net .on.aws .amplifyapp.com .elasticbeanstalk.com
      .execute-api.us-east-1.amazonaws.com .run.app .cloudfunctions.net .appspot.com .surge.sh .render.com .hf.space
      .streamlit.app .pythonanywhere.com .val.run .nip.io .sslip.io .duckdns.org .no-ip.org`),
  },
  {
    kind: 'telemetry',
    weight: 'warning',
    why: 'anyone can have a project there and read what is reported to it',
    patterns: words(`
      sentry.io .ingest.sentry.io .ingest.us.sentry.io api.segment.io www.google-analytics.com api.mixpanel.com
      api.amplitude.com api2.amplitude.com .i.posthog.com http-intake.logs.datadoghq.com api.honeycomb.io
      in.logtail.com log-api.newrelic.com`),
  },
  {
    kind: 'code host',
    weight: 'info',
    why: 'anyone can own a repository there; writing needs an account',
    patterns: words(`
      github.com api.github.com uploads.github.com gitlab.com bitbucket.org api.bitbucket.org codeberg.org git.sr.ht
      gitea.com dev.azure.com huggingface.co .hf.co ghcr.io .docker.io quay.io registry.gitlab.com public.ecr.aws clawhub.ai`),
  },
  {
    kind: 'package registry',
    weight: 'info',
    why: 'anyone can publish a package there; that needs an account',
    patterns: words(
      '.pypi.org .npmjs.org .crates.io .rubygems.org .nuget.org .packagist.org .sonatype.org .hex.pm .pub.dev',
    ),
  },
];
