let limit = 1;
limit := 1;
allow user: User, "read", _: Repo if user.is_admin;
allow user, "read", repo;
allow "read" if true;
permission read if true;
