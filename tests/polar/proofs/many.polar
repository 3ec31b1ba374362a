#: bob read acme
allow(user: User, "read", org: Org) if
  role in user.roles and
  role.org = org and
  role.name = "owner";
