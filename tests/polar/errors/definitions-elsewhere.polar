def allow(_: User, "read", _: Repo);
rule allow(_: User, "write", _: Repo) if true;
function allow(user) { return user.is_admin; }
allow(user: User, "list", _: Repo) if return user.is_admin;
allow(user: User, "fork", _: Repo) { user.is_admin; }
allow(user: User, "push", _: Repo) if { user.is_admin };
is-admin(user: User) if user.is_admin;
import "roles.polar";
