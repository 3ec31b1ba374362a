# Organizations have teams and projects, projects have tasks, tasks have comments.
# A token may have less than its user; what is deleted is gone; an invitation expires.

actor User {}

resource Organization {
  permissions = ["read", "rename", "invite", "bill", "create_project"];
  roles = ["guest", "accountant", "member", "admin", "owner"];

  "read" if "guest";
  "create_project" if "member";
  "invite" if "admin";
  "rename" if "admin";
  "bill" if "owner";
  "bill" if "accountant";

  "guest" if "accountant";
  "guest" if "member";
  "member" if "admin";
  "admin" if "owner";
}

resource Team {
  permissions = ["read", "rename", "add_member", "disband"];
  roles = ["member", "lead"];
  relations = { organization: Organization };

  "read" if "member";
  "read" if "member" on "organization";
  "rename" if "lead";
  "add_member" if "lead";
  "disband" if "admin" on "organization";

  "member" if "lead";
  "lead" if "admin" on "organization";
}

resource Project {
  permissions = ["read", "create_task", "rename", "archive", "share", "delete"];
  roles = ["viewer", "contributor", "manager"];
  relations = { organization: Organization, team: Team };

  "read" if "viewer";
  "create_task" if "contributor";
  "rename" if "manager";
  "archive" if "manager";
  "share" if "manager";
  "delete" if "admin" on "organization";

  "viewer" if "contributor";
  "contributor" if "manager";
  "viewer" if "member" on "organization";
  "contributor" if "member" on "team";
  "manager" if "lead" on "team";
  "manager" if "admin" on "organization";
}

resource Task {
  permissions = ["read", "comment", "edit", "close", "assign", "delete"];
  roles = ["viewer", "contributor", "manager", "assignee"];
  relations = { project: Project };

  "read" if "viewer";
  "comment" if "contributor";
  "comment" if "assignee";
  "edit" if "contributor";
  "close" if "contributor";
  "close" if "assignee";
  "assign" if "manager";
  "delete" if "manager";

  "viewer" if "contributor";
  "viewer" if "assignee";
  "contributor" if "manager";
  "viewer" if "viewer" on "project";
  "contributor" if "contributor" on "project";
  "manager" if "manager" on "project";
}

resource Comment {
  permissions = ["read", "edit", "delete"];
  roles = ["author"];
  relations = { task: Task };

  "read" if "viewer" on "task";
  "edit" if "author";
  "delete" if "author";
  "delete" if "manager" on "task";
}

has_relation(organization: Organization, "organization", team: Team) if
  organization = team.organization;

has_relation(organization: Organization, "organization", project: Project) if
  organization = project.organization;

has_relation(team: Team, "team", project: Project) if
  team = project.team;

has_relation(project: Project, "project", task: Task) if
  project = task.project;

has_relation(task: Task, "task", comment: Comment) if
  task = comment.task;

has_role(user: User, name: String, organization: Organization) if
  membership in user.memberships and
  membership.role = name and
  membership.organization = organization;

has_role(user: User, name: String, team: Team) if
  membership in user.team_memberships and
  membership.role = name and
  membership.team = team;

has_role(user: User, name: String, project: Project) if
  membership in user.project_memberships and
  membership.role = name and
  membership.project = project;

has_role(user: User, "viewer", project: Project) if
  invitation in user.invitations and
  invitation.project = project and
  invitation.expires > Datetime.now();

has_role(user: User, "assignee", task: Task) if
  task.assignee = user;

has_role(user: User, "author", comment: Comment) if
  comment.author = user;

is_deleted(project: Project) if
  project.deleted;

is_deleted(task: Task) if
  task.deleted or
  task.project.deleted;

is_deleted(comment: Comment) if
  comment.deleted;

in_scope(user: User, action: String) if
  action in user.scopes;

allow(user: User, "found", Organization) if
  in_scope(user, "found");

allow(user: User, action: String, resource: Resource) if
  in_scope(user, action) and
  not is_deleted(resource) and
  has_permission(user, action, resource);
