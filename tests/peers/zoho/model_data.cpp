#include "tests/peers/zoho/model_data.hpp"

#include <cstddef>

namespace kontor::peer::zoho {

namespace {

constexpr std::string_view kLeads = R"(
Last_Name|text:80|M|last
First_Name|text:40||first
Full_Name|text:120|R=|full
Salutation|picklist:-None-;Mr.;Mrs.;Ms.;Dr.;Prof.||pick?60
Company|text:200|M|company
Designation|text:100||title?80
Email|email:100||email?92
Secondary_Email|email:100||
Phone|phone:30||phone?90
Mobile|phone:30||mobile?70
Fax|phone:30||
Website|website:450||website?60
Lead_Source|picklist:-None-;Advertisement;Cold Call;Employee Referral;Online Store;Partner;Trade Show;Web Research;Chat||pick?85
Lead_Status|picklist:-None-;Attempted to Contact;Contact in Future;Contacted;Junk Lead;Lost Lead;Not Contacted;Pre-Qualified;Not Qualified||pick?90
Industry|picklist:-None-;Manufacturing;Retail;Software;Logistics;Education;Health Care;Finance;Energy||pick?75
Rating|picklist:-None-;Acquired;Active;Market Failed;Project Cancelled;Shut Down||pick?40
Annual_Revenue|currency:16||money:50000:90000000?60
No_of_Employees|integer:9||int:3:5000?60
Street|text:250||street?80
City|text:100||city?90
State|text:100||state?80
Zip_Code|text:30||zip?75
Country|text:100||country
Email_Opt_Out|boolean||bool:10
Skype_ID|text:50||
Twitter|text:50||
Description|textarea:32000||prose?60
Converted__s|boolean|R|converted
Converted_Date_Time|datetime|R|converted_time
Converted_Account|lookup:Accounts|R|
Converted_Contact|lookup:Contacts|R|
Converted_Deal|lookup:Deals|R|
WeChat_ID|text:60|C|handle?40
Interests|multiselectpicklist:Hardware;Software;Support;Training;Consulting|C|several?50
)";

constexpr std::string_view kContacts = R"(
Last_Name|text:80|M|last
First_Name|text:40||first
Full_Name|text:120|R=|full
Salutation|picklist:-None-;Mr.;Mrs.;Ms.;Dr.;Prof.||pick?60
Account_Name|lookup:Accounts||ref?85
Vendor_Name|lookup:Vendors||
Email|email:100||email?96
Secondary_Email|email:100||
Phone|phone:50||phone?90
Mobile|phone:30||mobile?85
Home_Phone|phone:30||phone?30
Other_Phone|phone:30||
Fax|phone:30||
Title|text:100||title?85
Department|text:50||department?80
Assistant|text:100||
Asst_Phone|phone:30||
Reporting_To|lookup:Contacts||earlier?10
Lead_Source|picklist:-None-;Advertisement;Cold Call;Employee Referral;Online Store;Partner;Trade Show;Web Research;Chat||pick?85
Date_of_Birth|date||date:1950:2004?60
Mailing_Street|text:250||street?90
Mailing_City|text:100||city
Mailing_State|text:100||state?90
Mailing_Zip|text:30||zip?85
Mailing_Country|text:100||country
Other_Street|text:250||street?20
Other_City|text:100||city?20
Other_State|text:100||state?20
Other_Zip|text:30||zip?20
Other_Country|text:100||country?20
Email_Opt_Out|boolean||bool:10
Skype_ID|text:50||
Twitter|text:50||
Description|textarea:32000||prose?80
Last_Activity_Time|datetime|R|activity?70
WeChat_ID|text:60|C|handle?60
Customer_Level|picklist:A;B;C;VIP|C|pick?90
Interests|multiselectpicklist:Hardware;Software;Support;Training;Consulting|C|several?70
Lifetime_Value|currency:16|C|money:0:400000?80
Loyalty_Points|integer:9|C|int:0:90000?90
Satisfaction|double:9|C|real:0:1000?60
Discount_Rate|percent:5|C|int:0:40?50
Last_Visit_At|datetime|C|activity?60
Member_Since|date|C|date:2010:2025?70
Newsletter|boolean|C|bool:55
Remarks|textarea:2000|C|prose?30
Card_Number|bigint:18|C|int:100000000000000:999999999999999?40
Sales_Partner|userlookup|C|user?20
)";

constexpr std::string_view kAccounts = R"(
Account_Name|text:200|M|company
Account_Number|bigint:14||int:10000:99999999?70
Account_Site|text:80||city?40
Account_Type|picklist:-None-;Analyst;Competitor;Customer;Distributor;Integrator;Investor;Other;Partner;Prospect;Reseller;Supplier;Vendor||pick?80
Parent_Account|lookup:Accounts||earlier?8
Industry|picklist:-None-;Manufacturing;Retail;Software;Logistics;Education;Health Care;Finance;Energy||pick?85
Ownership|picklist:-None-;Other;Private;Public;Subsidiary;Partnership||pick?50
Rating|picklist:-None-;Acquired;Active;Market Failed;Project Cancelled;Shut Down||pick?40
Employees|integer:9||int:3:50000?80
Annual_Revenue|currency:16||money:50000:900000000?70
SIC_Code|integer:9||int:1000:9999?20
Ticker_Symbol|text:30||
Phone|phone:50||phone?95
Fax|phone:30||phone?40
Website|website:450||website?80
Billing_Street|text:250||street?95
Billing_City|text:100||city
Billing_State|text:100||state?90
Billing_Code|text:30||zip?90
Billing_Country|text:100||country
Shipping_Street|text:250||street?40
Shipping_City|text:100||city?40
Shipping_State|text:100||state?40
Shipping_Code|text:30||zip?40
Shipping_Country|text:100||country?40
Description|textarea:32000||prose?60
Last_Activity_Time|datetime|R|activity?60
Tax_Number|text:40|C|handle?70
Credit_Limit|currency:16|C|money:10000:5000000?50
Service_Tier|picklist:Basic;Standard;Premium|C|pick?80
)";

constexpr std::string_view kDeals = R"(
Deal_Name|text:120|M|deal
Stage|picklist:Qualification;Needs Analysis;Value Proposition;Proposal/Price Quote;Negotiation/Review;Closed Won;Closed Lost|M|pick
Pipeline|picklist:Standard (Standard)||pick
Account_Name|lookup:Accounts||ref?90
Contact_Name|lookup:Contacts||ref?85
Amount|currency:16||money:1000:2000000?95
Closing_Date|date||date:2024:2027
Type|picklist:-None-;Existing Business;New Business||pick?70
Lead_Source|picklist:-None-;Advertisement;Cold Call;Employee Referral;Online Store;Partner;Trade Show;Web Research;Chat||pick?60
Next_Step|text:100||title?40
Probability|integer:3||int:0:100?95
Expected_Revenue|currency:16|R=|
Campaign_Source|lookup:Campaigns||ref?15
Reason_For_Loss__s|picklist:-None-;Expectation Mismatch;Price;Unqualified Customer;Lack of response;Missed Follow Ups;Wrong Target;Competition||
Sales_Cycle_Duration|integer:9|R|
Overall_Sales_Duration|integer:9|R|
Change_Log_Time__s|datetime|R|
Description|textarea:32000||prose?60
Contract_Value|currency:16|C|money:1000:900000?30
Go_Live|datetime|C|activity?30
)";

constexpr std::string_view kProducts = R"(
Product_Name|text:200|M|product
Product_Code|text:40||handle?90
Product_Category|picklist:-None-;Hardware;Software;CRM Applications||pick?70
Product_Active|boolean||bool:85
Vendor_Name|lookup:Vendors||ref?60
Manufacturer|picklist:-None-;AltvetPet Inc.;LexPon Inc.;MetBeat Corp.||pick?40
Unit_Price|currency:16||money:10:90000
Commission_Rate|currency:16||
Tax|multiselectpicklist:Sales Tax;VAT||several?50
Taxable|boolean||bool:70
Usage_Unit|picklist:-None-;Box;Carton;Dozen;Each;Hours;Packages;Piece;Quantity;Set||pick?80
Qty_in_Stock|double:16||int:0:5000?80
Qty_Ordered|double:16||
Qty_in_Demand|double:16||
Reorder_Level|double:16||int:5:50?50
Sales_Start_Date|date||date:2018:2023?50
Sales_End_Date|date||
Description|textarea:32000||prose?60
)";

constexpr std::string_view kQuotes = R"(
Subject|text:120|M|deal
Quote_Number|autonumber|R|number
Quote_Stage|picklist:Draft;Negotiation;Delivered;On Hold;Confirmed;Closed Won;Closed Lost||pick
Valid_Till|date||date:2025:2027?80
Deal_Name|lookup:Deals||ref?60
Account_Name|lookup:Accounts|M|ref
Contact_Name|lookup:Contacts||ref?70
Team|text:100||
Carrier|picklist:FedEX;UPS;USPS;DHL;BlueDart||pick?50
Quoted_Items|subform:Quoted_Items|M|items
Sub_Total|currency:16|R|money:100:90000
Discount|currency:16||
Tax|currency:16|R|
Adjustment|currency:16||
Grand_Total|currency:16|R|money:100:90000
Billing_Street|text:250||street?80
Billing_City|text:100||city?80
Billing_State|text:100||state?70
Billing_Code|text:30||zip?70
Billing_Country|text:100||country?80
Shipping_Street|text:250||
Shipping_City|text:100||
Shipping_State|text:100||
Shipping_Code|text:30||
Shipping_Country|text:100||
Terms_and_Conditions|textarea:32000||prose?50
Description|textarea:32000||prose?40
)";

constexpr std::string_view kSalesOrders = R"(
Subject|text:120|M|deal
SO_Number|autonumber|R|number
Status|picklist:Created;Approved;Delivered;Cancelled||pick
Due_Date|date||date:2025:2027?80
Customer_No|text:40||handle?40
Account_Name|lookup:Accounts|M|ref
Contact_Name|lookup:Contacts||ref?70
Deal_Name|lookup:Deals||ref?50
Quote_Name|lookup:Quotes||ref?40
Purchase_Order|text:40||handle?40
Ordered_Items|subform:Ordered_Items|M|items
Sales_Commission|currency:16||
Excise_Duty|currency:16||
Pending|text:100||
Sub_Total|currency:16|R|money:100:90000
Discount|currency:16||
Tax|currency:16|R|
Adjustment|currency:16||
Grand_Total|currency:16|R|money:100:90000
Billing_Street|text:250||street?80
Billing_City|text:100||city?80
Billing_State|text:100||state?70
Billing_Code|text:30||zip?70
Billing_Country|text:100||country?80
Terms_and_Conditions|textarea:32000||
Description|textarea:32000||prose?40
)";

constexpr std::string_view kPurchaseOrders = R"(
Subject|text:120|M|deal
PO_Number|text:40||handle
PO_Date|date||date:2022:2026
Vendor_Name|lookup:Vendors|M|ref
Purchase_Items|subform:Purchase_Items|M|items
Requisition_No|text:40||
Tracking_Number|text:40||
Status|picklist:Created;Approved;Delivered;Cancelled||pick
Due_Date|date||date:2025:2027?70
Grand_Total|currency:16|R|money:100:90000
Description|textarea:32000||
)";

constexpr std::string_view kInvoices = R"(
Subject|text:120|M|deal
Invoice_Number|autonumber|R|number
Invoice_Date|date||date:2022:2026
Due_Date|date||date:2025:2027?80
Status|picklist:Created;Approved;Delivered;Cancelled||pick
Account_Name|lookup:Accounts|M|ref
Contact_Name|lookup:Contacts||ref?70
Sales_Order|lookup:Sales_Orders||ref?40
Purchase_Order|text:40||handle?30
Invoiced_Items|subform:Invoiced_Items|M|items
Sub_Total|currency:16|R|money:100:90000
Discount|currency:16||
Tax|currency:16|R|
Adjustment|currency:16||
Grand_Total|currency:16|R|money:100:90000
Billing_Street|text:250||street?80
Billing_City|text:100||city?80
Billing_State|text:100||state?70
Billing_Code|text:30||zip?70
Billing_Country|text:100||country?80
Description|textarea:32000||prose?30
)";

constexpr std::string_view kCampaigns = R"(
Campaign_Name|text:100|M|deal
Type|picklist:-None-;Conference;Webinar;Trade Show;Public Relations;Partners;Advertisement;Email;Telemarketing||pick
Status|picklist:-None-;Planning;Active;Inactive;Complete||pick
Start_Date|date||date:2022:2025?90
End_Date|date||date:2025:2027?90
Expected_Revenue|currency:16||money:1000:900000?60
Budgeted_Cost|currency:16||money:1000:90000?60
Actual_Cost|currency:16||money:1000:90000?40
Expected_Response|bigint:18||int:10:5000?40
Num_sent|text:18||
Parent_Campaign|lookup:Campaigns||
Description|textarea:32000||prose?60
)";

constexpr std::string_view kTasks = R"(
Subject|text:300|M|subject
Status|picklist:Not Started;Deferred;In Progress;Completed;Waiting for input||pick
Priority|picklist:High;Highest;Low;Lowest;Normal||pick
Due_Date|date||date:2025:2027?80
Closed_Time|datetime|R|
Who_Id|lookup:Contacts||ref?60
What_Id|multi_module_lookup||what?70
Remind_At|event_reminder||
Recurring_Activity|RRULE||
Send_Notification_Email|boolean||bool:20
Description|textarea:32000||prose?60
)";

constexpr std::string_view kEvents = R"(
Event_Title|text:255|M|subject
Start_DateTime|datetime|M|start
End_DateTime|datetime|M|end
All_day|boolean||bool:10
Venue|text:255||city?60
Participants|text|R|
Who_Id|lookup:Contacts||ref?60
What_Id|multi_module_lookup||what?70
Remind_At|event_reminder||
Recurring_Activity|RRULE||
Check_In_Status|text:50|R|
Check_In_Time|datetime|R|
Description|textarea:32000||prose?60
)";

constexpr std::string_view kCalls = R"(
Subject|text:300||subject
Call_Type|picklist:Outbound;Inbound;Missed|M|pick
Call_Start_Time|datetime|M|start
Call_Duration|text:10||clock?80
Call_Duration_in_seconds|integer:9|R|int:20:3600?80
Call_Purpose|picklist:-None-;Prospecting;Administrative;Negotiation;Demo;Project;Desk||pick?60
Call_Result|picklist:-None-;Interested;Not interested;No response/Busy;Requested more info;Requested call back;Invalid number||pick?60
Call_Agenda|text:255||
Outgoing_Call_Status|picklist:Scheduled;Completed;Overdue;Cancelled||pick?60
Who_Id|lookup:Contacts||ref?60
What_Id|multi_module_lookup||what?60
Reminder|picklist:None;5 mins;10 mins;15 mins;30 mins||
Description|textarea:32000||prose?50
)";

constexpr std::string_view kNotes = R"(
Note_Title|text:120||subject?60
Note_Content|textarea:32000|M|prose
Parent_Id|multi_module_lookup|M|parent
)";

constexpr std::string_view kCases = R"(
Subject|text:200|M|subject
Case_Number|autonumber|R|number
Status|picklist:New;On Hold;Escalated;Closed|M|pick
Case_Origin|picklist:Email;Phone;Web;Twitter;Facebook|M|pick
Priority|picklist:-None-;High;Medium;Low||pick
Type|picklist:-None-;Problem;Feature Request;Question||pick?80
Case_Reason|picklist:-None-;User did not attend any training;Complex functionality;Existing problem;Instructions not clear;New problem||pick?50
Account_Name|lookup:Accounts||ref?70
Related_To|lookup:Contacts||ref?80
Product_Name|lookup:Products||ref?50
Deal_Name|lookup:Deals||ref?20
Email|email:100||email?60
Phone|phone:30||phone?60
Reported_By|text:50||full?50
Solution|textarea:32000||prose?30
Internal_Comments|textarea:32000||prose?20
Description|textarea:32000||prose?60
)";

constexpr std::string_view kSolutions = R"(
Solution_Title|text:120|M|subject
Solution_Number|autonumber|R|number
Status|picklist:-None-;Draft;Reviewed;Duplicate||pick
Product_Name|lookup:Products||ref?50
Question|textarea:2000||prose?60
Answer|textarea:2000||prose?60
Published|boolean||bool:40
)";

constexpr std::string_view kVendors = R"(
Vendor_Name|text:120|M|company
Category|text:50||department?60
Email|email:100||email?80
Phone|phone:30||phone?80
Website|website:450||website?60
Street|text:250||street?80
City|text:250||city?80
State|text:250||state?70
Zip_Code|text:250||zip?70
Country|text:250||country?80
Description|textarea:32000||
)";

constexpr std::string_view kPriceBooks = R"(
Price_Book_Name|text:50|M|subject
Pricing_Model|picklist:Flat;Differential|M|pick
Active|boolean||bool:80
Description|textarea:32000||
)";

constexpr std::string_view kAttachments = R"(
File_Name|text:255|M|
Size|bigint:18|R|
Parent_Id|multi_module_lookup||
)";

constexpr std::string_view kServices = R"(
Service_Name|text:120|M|product
Duration|integer:9||int:15:240
Price|currency:16||money:50:5000
Location|picklist:Business Address;Client Address||pick
Description|textarea:2000||prose?40
)";

constexpr std::string_view kAppointments = R"(
Appointment_Name|text:120|M|subject
Service_Name|lookup:Services__s||ref
Appointment_Start_Time|datetime|M|start
Appointment_End_Time|datetime||end
Status|picklist:Scheduled;Completed;Cancelled;Overdue||pick
Appointment_For|multi_module_lookup||what
)";

constexpr std::string_view kServiceVisits = R"(
Name|text:120|M|subject
Visit_No|autonumber|R|number
Visit_Date|date||date:2023:2026?90
Started_At|datetime||start?80
Contact|lookup:Contacts||ref?85
Account|lookup:Accounts||ref?85
Technician|userlookup||user?80
Helpers|multiuserlookup||
Outcome|picklist:Solved;Follow-up needed;Parts ordered;Customer absent||pick?90
Topics|multiselectpicklist:Installation;Repair;Inspection;Training||several?80
Report|textarea:32000|T|prose?90
Cost|currency:16||money:50:9000?90
Hours|double:9||real:25:900?90
Odometer|bigint:18||int:1000:400000?40
Quality|percent:5||int:0:100?50
Follow_Up|boolean||bool:30
Report_Link|website:450||website?20
Contact_Email|email:100||email?30
Contact_Phone|phone:30||phone?30
Photos|imageupload||
Documents|fileupload||
Cost_With_Tax|formula|R=|
Layout|layout||
)";

constexpr std::string_view kItems = R"(
Product_Name|lookup:Products|M|
Quantity|double:16||
List_Price|currency:16||
Discount|currency:16||
Tax|currency:16|R|
Total|currency:16|R|
Description|textarea:2000||
Sequence_Number|integer:9|R|
)";

}  // namespace

// flags: c custom, s subform, w no API, b no bulk read, d not in the deleted feed
const ModuleText kModuleTexts[] = {
    {"Leads|Lead|Leads||Full_Name|Email", kLeads},
    {"Contacts|Contact|Contacts||Full_Name|Email", kContacts},
    {"Accounts|Account|Accounts||Account_Name|Account_Name", kAccounts},
    {"Deals|Deal|Deals||Deal_Name|Deal_Name", kDeals},
    {"Products|Product|Products||Product_Name|Product_Name", kProducts},
    {"Quotes|Quote|Quotes||Subject|Subject", kQuotes},
    {"Sales_Orders|Sales Order|Sales Orders||Subject|Subject", kSalesOrders},
    {"Purchase_Orders|Purchase Order|Purchase Orders||Subject|Subject", kPurchaseOrders},
    {"Invoices|Invoice|Invoices||Subject|Subject", kInvoices},
    {"Campaigns|Campaign|Campaigns||Campaign_Name|Campaign_Name", kCampaigns},
    {"Tasks|Task|Tasks||Subject|", kTasks},
    {"Events|Meeting|Meetings||Event_Title|", kEvents},
    {"Calls|Call|Calls||Subject|", kCalls},
    {"Notes|Note|Notes|bd|Note_Title|", kNotes},
    {"Cases|Case|Cases||Subject|Subject", kCases},
    {"Solutions|Solution|Solutions||Solution_Title|Solution_Title", kSolutions},
    {"Vendors|Vendor|Vendors||Vendor_Name|Vendor_Name", kVendors},
    {"Price_Books|Price Book|Price Books||Price_Book_Name|Price_Book_Name", kPriceBooks},
    {"Attachments|Attachment|Attachments|bd|File_Name|", kAttachments},
    {"Services__s|Service|Services||Service_Name|", kServices},
    {"Appointments__s|Appointment|Appointments||Appointment_Name|", kAppointments},
    {"Service_Visits|Service Visit|Service Visits|c|Name|Name", kServiceVisits},
    {"Quoted_Items|Quoted Item|Quoted Items|sbd||", kItems},
    {"Ordered_Items|Ordered Item|Ordered Items|sbd||", kItems},
    {"Invoiced_Items|Invoiced Item|Invoiced Items|sbd||", kItems},
    {"Purchase_Items|Purchase Item|Purchase Items|sbd||", kItems},
    {"Home|Home|Home|wbd||", ""},
    {"Reports|Report|Reports|wbd||", ""},
};
const std::size_t kModuleTextCount = sizeof kModuleTexts / sizeof kModuleTexts[0];

}  // namespace kontor::peer::zoho
