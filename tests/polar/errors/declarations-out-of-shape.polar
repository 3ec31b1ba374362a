actor User { roles = "admin"; }
resource Org { roles: ["member"]; }
resource Repo { roles = { "reader", "writer" }; }
resource Animal = { roles = ["owner"]; }
resource Dog { roles = ["owner"], permissions = ["feed"], }
resource Cat(roles = ["owner"]);
"read" if "reader";
