"use strict";
// Says in words what a coupon will do while its form is being filled in. The rule is that of
// worth_in_words in api/services/coupons.py.

document.addEventListener("DOMContentLoaded", () => {
  const words = document.querySelector("#coupon_form .coupon-words");
  const form = document.getElementById("coupon_form");
  if (!words || !form || !form.elements.coupon_type) return;

  const warning = document.createElement("p");
  warning.className = "coupon-warning mt-1 text-orange-700 dark:text-orange-400";
  warning.hidden = true;
  words.after(warning);

  function number(name) {
    return parseInt(form.elements[name].value, 10) || 0;
  }

  function worth(type) {
    const money = number("money_equivalent_value");
    if (type === "2") {
      const percent = number("off_percent");
      const most = number("max_off");
      return percent ? `${percent / 10}折${most ? `，最高减${most}` : ""}` : "";
    }
    if (!money) return "";
    if (type === "1") {
      const minimum = number("minimum_consume");
      return minimum ? `满${minimum}减${money}` : "";
    }
    return `立减${money}`;
  }

  function show() {
    const type = form.elements.coupon_type.value;
    const percent = number("off_percent");
    words.textContent = worth(type) || "—";
    warning.hidden = !(type === "2" && percent > 0 && percent < 50);
    warning.textContent = `顾客只付原价的${percent}%，请确认没有填错：7.9折应填79。`;
  }

  form.addEventListener("input", show);
  form.addEventListener("change", show);
  show();
});
