"use strict";
// The page of issuing: shows the preview, takes it away once the form says something else, and
// confirms it. Confirming, the server answers a line of JSON a step, which shows how far it is.

document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("issue-form");
  const preview = document.getElementById("preview");
  const confirmation = document.getElementById("confirm-form");
  if (form) refuseWhatCannotBePreviewed(form);
  if (preview) {
    preview.scrollIntoView({ block: "nearest" });
    preview.focus({ preventScroll: true });
  }
  if (confirmation) {
    withdrawWhenEdited(confirmation, form);
    issueWhenConfirmed(confirmation);
  }
});

// What the server would refuse anyway, but at the price of the preview that is shown, or, if the
// request is too big to be read, in a way that nobody understands.
function refuseWhatCannotBePreviewed(form) {
  const { source, names, file } = form.elements;
  const refusal = document.getElementById("refusal");
  const most = Number(names.dataset.most);

  form.addEventListener("submit", (event) => {
    let reason = "";
    if (source.value === "file" && !file.files.length) reason = "请选择文件。";
    if (source.value === "pasted" && names.value.length > most) {
      reason = `粘贴了${names.value.length}个字符，最多${most}个：请上传文件，或分批发放。`;
    }
    refusal.textContent = reason;
    refusal.hidden = !reason;
    if (reason) event.preventDefault();
  });

  form.addEventListener("formdata", ({ formData }) => {
    if (names.value.length > most) formData.delete("names"); // another source was chosen
  });
}

function withdrawWhenEdited(confirmation, form) {
  function withdraw() {
    if (confirmation.hidden) return;
    confirmation.hidden = true;
    document.getElementById("stale").hidden = false;
  }
  // By jQuery: only there does the search box tell what was chosen in it.
  django.jQuery(form).on("input change", withdraw);
}

function issueWhenConfirmed(form) {
  const progress = document.getElementById("progress");
  const bar = progress.querySelector("progress");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    form.hidden = true;
    document.getElementById("failure").hidden = true;
    progress.hidden = false;
    window.addEventListener("beforeunload", hold);
    let last = {};
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
      for await (const step of steps(answer)) {
        last = step;
        if ("done" in step) {
          bar.value = step.done;
          bar.max = step.total;
        }
      }
    } catch (error) {
      last = {};
    }
    window.removeEventListener("beforeunload", hold);
    progress.hidden = true;
    finish(last);
  });

  function finish(last) {
    const succeeded = "issued" in last || "planned" in last;
    const shown = document.getElementById(succeeded ? "success" : "failure");
    shown.firstElementChild.textContent = succeeded ? done(last) : last.error || LOST;
    if (succeeded) shown.querySelector("a").href = last.url;
    shown.hidden = false;
    // The server knows what was issued under this preview: trying again does no harm.
    form.hidden = succeeded || !(last.again || !last.error);
  }

  function done({ issued, planned, before }) {
    if (planned) return `${before ? "这次预览之前已经计划：" : ""}将在${planned}发放。`;
    return `${before ? "这次预览之前已经发放：" : ""}已发放${issued}张。`;
  }

  function hold(event) {
    event.preventDefault();
  }
}

const LOST =
  "与服务器的连接中断，不知道是否已经发放。请再点一次“确认发放”：已经发放的会直接告诉您，不会重复发放。";

async function* steps(answer) {
  const type = answer.headers.get("Content-Type") || "";
  const refusal = refusalIn(answer, type);
  if (refusal) {
    yield { error: refusal };
    return;
  }
  if (type.startsWith("application/json")) {
    yield await answer.json();
    return;
  }
  if (!answer.ok) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}

// Answers that came before issuing began. An error of the server or of a proxy is none of them:
// what became of the issuing is then not known.
function refusalIn(answer, type) {
  if (answer.status === 404) return "优惠券已被删除，这一次没有发放。";
  if (answer.status === 403) return "没有权限或已重新登录，这一次没有发放，请刷新页面后再预览。";
  const isPage = answer.ok && type.startsWith("text/html");
  if (answer.redirected || isPage) return "登录已过期，这一次没有发放，请重新登录后再预览。";
  return "";
}
