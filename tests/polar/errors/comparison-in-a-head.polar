allow(user, "read", user.age >= 18);
allow(user: User or Org, "read", _: Repo) if user.is_admin;
allow(user: app.User, "read", _: Repo) if user.is_admin;
allow(user: User("ann"), "read", _: Repo) if user.is_admin;
allow(*, "read", _: Repo);
