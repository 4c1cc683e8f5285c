package lakehouse

import org.apache.hadoop.fs.Path
import org.apache.spark.sql.{SparkSession, SparkSessionExtensions}
import org.apache.spark.sql.catalyst.analysis._
import org.apache.spark.sql.catalyst.expressions.{CallMethodViaReflection, Expression}
import org.apache.spark.sql.catalyst.parser.ParserInterface
import org.apache.spark.sql.catalyst.plans.logical._
import org.apache.spark.sql.execution.LogicalRDD
import org.apache.spark.sql.execution.command._
import org.apache.spark.sql.execution.datasources.{HadoopFsRelation, LogicalRelation}
import org.apache.spark.sql.types.{DataType, StructType}

/** What clients of the SQL server may do: ask for the tables of one database. One of `spark.sql.extensions`.
  *
  * Names are looked at before they are resolved, because resolving may already read files or load classes; and once
  * more what they were resolved to, where everything that is not known to be harmless is refused. */
class Gate extends (SparkSessionExtensions => Unit) {
  override def apply(extensions: SparkSessionExtensions): Unit = {
    extensions.injectParser((session, parser) => new GateParser(session, parser))
    extensions.injectCheckRule(session => plan => if (Gate.isClosed(session)) Gate.check(plan))
  }
}

object Gate {
  private val Database = "gold"
  private val Reflection = Set("reflect", "java_method", "try_reflect")
  // What the server itself sets for each client.
  private val Own = Set("spark.sql.binaryOutputStyle", "spark.sql.datetime.java8API.enabled", "spark.sql.hive.version")
  private case class Closed(owner: SparkSession, settings: Map[String, String], folder: String)
  @volatile private var closed: Option[Closed] = None

  /** Let this session alone do everything from now on; others keep its settings, and read files below a folder. */
  def close(owner: SparkSession, folder: String): Unit = closed = Some(Closed(owner, owner.conf.getAll, s"$folder/"))

  def isClosed(session: SparkSession): Boolean = closed.exists(_.owner ne session)

  private def isOwn(path: Path): Boolean = closed.exists(gate => path.toString.startsWith(gate.folder))

  private def refuse(what: String): Nothing =
    throw new IllegalArgumentException(
      s"$what: refused. This server answers queries of the tables of $Database, and nothing else.")

  /** Refuse settings of a client's own: they reach file systems, catalogues and classes. */
  def checkSettings(session: SparkSession): Unit = {
    val there = closed.map(_.settings).getOrElse(Map.empty)
    val changed = session.conf.getAll.collect { case (name, value) if !there.get(name).contains(value) => name }
    changed.find(!Own(_)).foreach(name => refuse(s"The setting $name"))
  }

  /** Refuse what is named as parsed: other databases, catalogues and paths, and functions that read tables by path. */
  def checkNames(plan: LogicalPlan): Unit = walk(plan) {
    case relation: UnresolvedRelation => checkName(relation.multipartIdentifier, 2)
    case table: UnresolvedTable => checkName(table.multipartIdentifier, 2)
    case table: UnresolvedTableOrView => checkName(table.multipartIdentifier, 2)
    case namespace: UnresolvedNamespace => checkName(namespace.multipartIdentifier, 1)
    case function: UnresolvedTableValuedFunction if function.name != Seq("range") => refuse(function.name.mkString("."))
    case identifier: UnresolvedIdentifier => refuse(identifier.nameParts.mkString("."))
    case statement: ParsedStatement => refuse(statement.nodeName)
    case delta if delta.getClass.getName.contains(".delta.") => refuse(delta.nodeName)
    case command: Command if !isHarmless(command) => refuse(command.nodeName)
    case _ => ()
  }

  private def checkName(parts: Seq[String], most: Int): Unit = {
    val own = if (parts.headOption.contains("spark_catalog")) parts.tail else parts
    val isHere = own.length < most || own.length == most && own.head.equalsIgnoreCase(Database)
    if (!isHere || own.exists(_.contains("/"))) refuse(parts.mkString("."))
  }

  /** Refuse a plan that reads anything but tables of the database, runs code, or changes anything. */
  def check(plan: LogicalPlan): Unit = walk(plan) {
    case command: Command => if (!isHarmless(command)) refuse(command.nodeName)
    // Delta asks for a table's log in the session of its reader.
    case LogicalRelation(files: HadoopFsRelation, _, _, _, _) if files.location.rootPaths.forall(isOwn) => ()
    case _: LocalRelation | _: OneRowRelation | _: Range | _: CTERelationRef | _: LogicalRDD => ()
    case _: ResolvedNamespace | _: ResolvedTable | _: CurrentNamespace.type => ()
    case leaf: LeafNode => refuse(leaf.nodeName)
    case script: ScriptTransformation => refuse(script.nodeName)
    case _ => ()
  }

  private def isHarmless(command: Command): Boolean = command match {
    case _: ShowTables | _: ShowTablesCommand | _: ShowNamespacesCommand => true
    case _: DescribeRelation | _: DescribeTableCommand => true
    case _: SetCatalogAndNamespace | _: SetNamespaceCommand => true
    case _ => false
  }

  private def walk(plan: LogicalPlan)(look: LogicalPlan => Unit): Unit = {
    look(plan)
    plan.expressions.foreach(checkExpression)
    val inner = plan.innerChildren.collect { case inner: LogicalPlan => inner }
    (plan.children ++ inner ++ plan.subqueries).foreach(walk(_)(look))
  }

  private def checkExpression(expression: Expression): Unit = expression.foreach {
    case reflection: CallMethodViaReflection => refuse(reflection.prettyName)
    case function: UnresolvedFunction if Reflection(function.nameParts.last.toLowerCase) =>
      refuse(function.nameParts.mkString("."))
    case _ => ()
  }
}

/** The parser of a session, which refuses before anything is resolved. */
class GateParser(session: SparkSession, parser: ParserInterface) extends ParserInterface {
  private def checked(plan: LogicalPlan): LogicalPlan = {
    if (Gate.isClosed(session)) { Gate.checkSettings(session); Gate.checkNames(plan) }
    plan
  }
  override def parsePlan(text: String): LogicalPlan = checked(parser.parsePlan(text))
  override def parseQuery(text: String): LogicalPlan = checked(parser.parseQuery(text))
  override def parseExpression(text: String) = parser.parseExpression(text)
  override def parseTableIdentifier(text: String) = parser.parseTableIdentifier(text)
  override def parseFunctionIdentifier(text: String) = parser.parseFunctionIdentifier(text)
  override def parseMultipartIdentifier(text: String) = parser.parseMultipartIdentifier(text)
  override def parseTableSchema(text: String): StructType = parser.parseTableSchema(text)
  override def parseDataType(text: String): DataType = parser.parseDataType(text)
  override def parseRoutineParam(text: String): StructType = parser.parseRoutineParam(text)
}
